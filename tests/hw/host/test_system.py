import numpy as np
import pytest
from amaranth.sim import Simulator

from tests.hw.host.host import SEEN_CLOCKS, SerialHost
from tests.hw.host.test_link import NETWORK, PERIOD
from tickless.gen.configure import chain_config, design_factory
from tickless.gen.folding import fold_fully
from tickless.hw.host.config import HostConfig
from tickless.hw.host.messages import Command, Reply, answer_message
from tickless.hw.host.system import System
from tickless.sw.integer.golden import run


@pytest.mark.parametrize("baud", [1000, 2000])
def test_serial_line(baud):
    """Everything over the line: noise, a synchronization, an empty sample; and the lights."""
    config = HostConfig(clock_hz=4000, baud=baud)
    dut = System(design_factory(chain_config(NETWORK, fold_fully(NETWORK)), NETWORK)(), config)
    host = SerialHost(dut.rx, dut.tx, config.divisor)
    trace = run(NETWORK, np.zeros((0, 3), np.int32))

    async def script(ctx):
        assert not ctx.get(dut.receiving)
        await host.write(ctx, b"\x12", stop=0)
        assert ctx.get(dut.failed)
        await host.write(ctx, [0])
        await ctx.tick().repeat(config.divisor + SEEN_CLOCKS)
        assert ctx.get(dut.receiving)
        await host.reply(ctx, Reply.ERROR)
        await host.send(ctx, Command.SYNC, b"abcd")
        assert await host.reply(ctx, Reply.SYNCED) == b"abcd"
        assert not ctx.get(dut.failed)
        await host.send(ctx, Command.END)
        layout = answer_message(NETWORK.classes, False)
        answer = await host.message(ctx, Reply.ANSWER, layout)
        assert list(answer.answer.logits) == trace.logits.tolist()
        await host.settle(ctx)
        assert not ctx.get(dut.busy)
        assert not ctx.get(dut.receiving)

    simulator = Simulator(dut)
    simulator.add_clock(PERIOD)
    simulator.add_testbench(script)
    simulator.add_testbench(host.listen, background=True)
    simulator.run()
