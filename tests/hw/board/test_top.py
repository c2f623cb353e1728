import gc

import pytest
from amaranth.sim import Simulator

from tickless.hw.board.top import PowerOnReset


def test_reset_ends_some_clocks_behind_the_lock_and_comes_back_without_it():
    dut = PowerOnReset(20)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def clocks_of_reset(ctx):
        count = 0
        while ctx.get(dut.reset):
            await ctx.tick()
            count += 1
        return count

    async def testbench(ctx):
        for _ in range(100):
            assert ctx.get(dut.reset)
            await ctx.tick()
        ctx.set(dut.locked, 1)
        assert 20 <= await clocks_of_reset(ctx) <= 24
        for _ in range(100):
            assert not ctx.get(dut.reset)
            await ctx.tick()
        ctx.set(dut.locked, 0)
        await ctx.tick().repeat(4)
        assert ctx.get(dut.reset)
        ctx.set(dut.locked, 1)
        assert 20 <= await clocks_of_reset(ctx) <= 24

    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_a_reset_of_no_length_is_refused():
    with pytest.raises(ValueError, match="clocks = 0: expected at least 1"):
        PowerOnReset(0)
    gc.collect()
