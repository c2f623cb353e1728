import gc

import pytest
from amaranth.sim import Simulator

from tickless.hw.board import phy
from tickless.hw.board.phy import PULSE_CLOCKS, PULSES, PhyMonitor
from tickless.hw.board.rgmii import RgmiiDelays

CLOCK_HZ = 75_000_000

GIGABIT = round(PULSE_CLOCKS * CLOCK_HZ / 125_000_000)
"""Clocks of a pulse."""


def simulate(monitor, test):
    simulator = Simulator(monitor)
    simulator.add_clock(1 / CLOCK_HZ)
    simulator.add_testbench(test)
    simulator.run()


@pytest.fixture
def monitor(monkeypatch):
    """Monitor of a PHY that is started within 100 clocks."""
    monkeypatch.setattr(phy, "RESET_SECONDS", 100 / CLOCK_HZ)
    return PhyMonitor(CLOCK_HZ)


async def pulses(ctx, monitor, count, clocks):
    """Pulses of so many clocks; whether the link was up behind each."""
    up = []
    for _ in range(count):
        ctx.set(monitor.pulse, ~ctx.get(monitor.pulse) & 1)
        await ctx.tick().repeat(clocks)
        up.append(bool(ctx.get(monitor.up)))
    return up


def test_the_phy_is_held_in_reset_at_first(monitor):
    async def test(ctx):
        for clock in range(200):
            assert ctx.get(monitor.reset) == (clock < 100)
            await ctx.tick()

    simulate(monitor, test)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_the_reset_lasts_as_long_as_data_sheets_ask():
    assert PhyMonitor(CLOCK_HZ).reset_clocks >= 0.01 * CLOCK_HZ
    gc.collect()


def test_a_link_is_up_once_its_clock_is_steady(monitor):
    async def test(ctx):
        up = await pulses(ctx, monitor, 2 * PULSES, GIGABIT)
        assert up == [False] * (PULSES - 1) + [True] * (PULSES + 1)

    simulate(monitor, test)


@pytest.mark.parametrize("slower", [2, 5, 50])
def test_a_slower_clock_is_no_link(monitor, slower):
    async def test(ctx):
        assert not any(await pulses(ctx, monitor, 2 * PULSES, slower * GIGABIT))

    simulate(monitor, test)


def test_a_clock_that_stands_still_ends_the_link_until_it_is_steady_again(monitor):
    async def test(ctx):
        await pulses(ctx, monitor, 2 * PULSES, GIGABIT)
        await ctx.tick().repeat(GIGABIT)
        assert not ctx.get(monitor.up)
        up = await pulses(ctx, monitor, PULSES, GIGABIT)
        assert up == [False] * (PULSES - 1) + [True]

    simulate(monitor, test)


@pytest.mark.parametrize("delay", [-1, 3200])
def test_a_delay_beyond_the_taps_is_refused(delay):
    with pytest.raises(ValueError, match=f"receive_ps = {delay}: expected 0..3175"):
        RgmiiDelays(receive_ps=delay)
