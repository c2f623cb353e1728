from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from tickless.hw.one_hot import one_hot_choice


def test_the_value_whose_bit_is_set():
    values, bits, choice = [Signal(8) for _ in range(5)], Signal(5), Signal(8)
    m = Module()
    m.d.comb += choice.eq(one_hot_choice(values, bits))
    seen = []

    async def drive(ctx: Any):
        for index, value in enumerate(values):
            ctx.set(value, 0xA0 + index)
        for index in range(5):
            ctx.set(bits, 1 << index)
            seen.append(ctx.get(choice))
        ctx.set(bits, 0)
        seen.append(ctx.get(choice))

    simulator = Simulator(m)
    simulator.add_testbench(drive)
    simulator.run()
    assert seen == [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0]
