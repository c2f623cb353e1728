"""Ethernet PHY of a board: its pins, its start, and whether its link is one of a gigabit."""

from math import ceil
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.board.rgmii import RGMII_HZ, Ecp5Rgmii, RgmiiDelays
from tickless.hw.ethernet.port import GMII
from tickless.hw.host.udp_system import NETWORK_DOMAIN

__all__ = ["Phy", "PhyMonitor"]

RESET_SECONDS = 0.02
"""Reset of the PHY: its data sheets ask for 10 ms at most, those of RTL8211F and KSZ9031."""

PULSE_CLOCKS = 256
"""Clocks of the PHY in a pulse that counts them."""

SLOWEST = 0.8
"""Share of a gigabit's clock below which it counts as none: the next slower link has a fifth."""

PULSES = 16
"""Pulses in a row that came in time, by which a clock counts as steady."""


class PhyMonitor(wiring.Component):
    """Start of a PHY; and the watch of its clock, which stops, glitches or slows down when a cable
    is pulled or the other end has no gigabit.

    Parameters
    ----------
    clock_hz : int
        Frequency of the clock.

    Members
    -------
    pulse : In(1)
        Changes once in `PULSE_CLOCKS` clocks of the PHY; not synchronous.
    reset : Out(1)
        Whether the PHY is to be reset: high from the start.
    up : Out(1)
        Whether its clock runs as a gigabit's does.
    """

    pulse: Signal
    reset: Signal
    up: Signal

    def __init__(self, clock_hz: int):
        self.reset_clocks = ceil(RESET_SECONDS * clock_hz)
        self.pulse_clocks = ceil(PULSE_CLOCKS * clock_hz / (SLOWEST * RGMII_HZ))
        super().__init__(
            {
                "pulse": In(1),
                "reset": Out(1, init=1),  # pyright: ignore[reportCallIssue]
                "up": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        resetting = Signal(range(self.reset_clocks), init=self.reset_clocks - 1)
        with m.If(resetting == 0):
            m.d.sync += self.reset.eq(0)
        with m.Else():
            m.d.sync += resetting.eq(resetting - 1)

        pulse, before = Signal(), Signal()
        m.submodules.pulse = FFSynchronizer(self.pulse, pulse)
        left = Signal(range(self.pulse_clocks + 1))
        steady = Signal(range(PULSES + 1))
        m.d.sync += [before.eq(pulse), self.up.eq(steady == PULSES)]
        with m.If(pulse != before):
            m.d.sync += left.eq(self.pulse_clocks)
            with m.If(steady != PULSES):
                m.d.sync += steady.eq(steady + 1)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += steady.eq(0)
        return m


class Phy(wiring.Component):
    """PHY of a board: its pins, its start, and the reset of the clock domain `NETWORK_DOMAIN`.

    The domain has the PHY's clock, and is in reset while that is not the clock of a gigabit.

    Parameters
    ----------
    pins : Any
        See `hw.board.rgmii.Ecp5Rgmii`, and ``rst``.
    delays : RgmiiDelays
        Delays in the pins.
    clock_hz : int
        Frequency of the domain ``sync``.

    Members
    -------
    clock : Out(1)
        The PHY's clock, which is to be that of `NETWORK_DOMAIN`.
    gmii : In(GMII)
        The link, in that domain.
    up : Out(1)
        Whether it is one of a gigabit.
    """

    clock: Signal
    gmii: Any
    up: Signal

    def __init__(self, pins: Any, delays: RgmiiDelays, clock_hz: int):
        self.pins, self.delays, self.clock_hz = pins, delays, clock_hz
        super().__init__({"clock": Out(1), "gmii": In(GMII), "up": Out(1)})

    def elaborate(self, platform):
        m = Module()
        rgmii: Any = Ecp5Rgmii(self.pins, self.delays)
        m.submodules.rgmii = DomainRenamer(NETWORK_DOMAIN)(rgmii)
        m.submodules.monitor = monitor = PhyMonitor(self.clock_hz)
        m.submodules.rst = rst = io.Buffer(io.Direction.Output, self.pins.rst)
        # The monitor's count of the clock must not wait for the reset that waits for the monitor.
        m.domains.pulse = ClockDomain("pulse", reset_less=True, local=True)
        pulse = Signal(range(2 * PULSE_CLOCKS))
        m.d.pulse += pulse.eq(pulse + 1)
        m.submodules.reset = ResetSynchronizer(~monitor.up, domain=NETWORK_DOMAIN)
        connect(m, flipped(self.gmii), rgmii.gmii)
        m.d.comb += [
            self.clock.eq(rgmii.clock),
            ClockSignal("pulse").eq(rgmii.clock),
            monitor.pulse.eq(pulse[-1]),
            rst.o.eq(monitor.reset),
            self.up.eq(monitor.up),
        ]
        return m
