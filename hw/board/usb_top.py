"""Top of a board at a USB port: the pins of a ULPI PHY in the place of a serial line's."""

from math import ceil
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Module, Signal, ValueLike
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer

from tickless.hw.board.top import BoardTop
from tickless.hw.host.usb_system import UsbSystem
from tickless.hw.usb.ulpi import ULPI_HZ, USB_DOMAIN

__all__ = ["UsbTop"]

RESET_SECONDS, START_SECONDS = 1e-5, 5e-3
"""Reset of the PHY, and from its end the time until it is spoken to: five times the 1 ms that LUNA
takes from a USB334x's data sheet."""


class UsbTop(BoardTop):
    """System on a board of Amaranth's with a PHY for USB that brings the clock; lights as of
    `BoardTop`, but the third one shows that the host has begun to send.

    Members
    -------
    system : UsbSystem
        What the board does.
    """

    system: UsbSystem

    def add_link(self, m: Module, platform: Any) -> ValueLike:
        pins = platform.request("ulpi", 0, dir="-")
        platform.add_clock_constraint(pins.clk.io, ULPI_HZ)
        ulpi = self.system.ulpi
        reset, starts = (
            ceil(seconds * self.config.clock_hz) for seconds in (RESET_SECONDS, START_SECONDS)
        )
        left = Signal(range(reset + starts), init=reset + starts - 1)
        phy_reset, link_reset = Signal(init=1), Signal(init=1)
        # In the design's clock: the PHY's stands still in its reset.
        m.d.sync += [phy_reset.eq(left >= starts), link_reset.eq(left != 0)]
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        m.domains += ClockDomain(USB_DOMAIN)
        m.submodules.link_reset = ResetSynchronizer(link_reset, domain=USB_DOMAIN)
        outputs = ("rst", phy_reset), ("stp", ulpi.stp)
        inputs = ("clk", ClockSignal(USB_DOMAIN)), ("dir", ulpi.dir), ("nxt", ulpi.nxt)
        for name, value in outputs:
            m.submodules[name] = buffer = io.Buffer(io.Direction.Output, getattr(pins, name))
            m.d.comb += buffer.o.eq(value)
        for name, value in inputs:
            m.submodules[name] = buffer = io.Buffer(io.Direction.Input, getattr(pins, name))
            m.d.comb += value.eq(buffer.i)
        m.submodules.data = bus = io.Buffer(io.Direction.Bidir, pins.data)
        m.d.comb += [bus.o.eq(ulpi.data.o), bus.oe.eq(ulpi.data.oe), ulpi.data.i.eq(bus.i)]
        received, receives = Signal(), Signal()
        with m.If(self.system.port.o.valid):
            m.d[USB_DOMAIN] += received.eq(1)
        m.submodules.received = FFSynchronizer(received, receives)
        return receives
