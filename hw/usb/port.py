"""USB port: bytes of the line in bulk transfers, over ULPI."""

from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from luna.gateware.usb.devices.acm import USBSerialDevice

__all__ = ["ULPI", "ULPI_HZ", "USB_DOMAIN", "UsbPort"]

USB_DOMAIN = "usb"
"""Clock domain of ULPI, as LUNA calls it: the PHY's clock."""

ULPI_HZ = 60_000_000

PACKET_BYTES = 512
"""Most bytes of a bulk packet at high speed."""

VENDOR, PRODUCT = 0x1209, 0x0001
"""Numbers that pid.codes keeps for tests, and that must not be sold."""

ULPI = wiring.Signature(
    {
        "data": Out(wiring.Signature({"i": In(8), "o": Out(8), "oe": Out(1)})),
        "dir": In(1),
        "nxt": In(1),
        "stp": Out(1),
    }
)
"""Signals between a PHY and a link, by ULPI's names, in `USB_DOMAIN`."""


class UsbPort(wiring.Component):
    """Port of a board: a serial device (CDC-ACM) of high speed, which any system has a driver for.

    A LUNA device in the clock domain `USB_DOMAIN`. Frames of the line leave as soon as they are
    there whole; the host waits while the board takes nothing.

    Members
    -------
    ulpi : Out(ULPI)
        The PHY.
    i : In(stream)
        Bytes for the host: frames of the line, each with its end.
    o : Out(stream)
        Bytes from the host.
    """

    ulpi: Any
    i: stream.Interface
    o: stream.Interface

    def __init__(self):
        super().__init__(
            {
                "ulpi": Out(ULPI),
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        ulpi = self.ulpi
        # As LUNA takes a platform's pins. Clock and reset of the PHY are not its business.
        pins = SimpleNamespace(
            clk=SimpleNamespace(o=Signal()),
            data=ulpi.data,
            dir=SimpleNamespace(i=ulpi.dir),
            nxt=SimpleNamespace(i=ulpi.nxt),
            stp=SimpleNamespace(o=ulpi.stp),
        )
        m.submodules.device = device = USBSerialDevice(
            bus=pins,
            idVendor=VENDOR,
            idProduct=PRODUCT,
            manufacturer_string="Tickless",
            product_string="Spiking network",
            max_packet_size=PACKET_BYTES,
        )
        m.d.comb += [
            device.connect.eq(1),
            device.tx.payload.eq(self.i.payload),
            device.tx.valid.eq(self.i.valid),
            device.tx.last.eq(self.i.payload == 0),
            self.i.ready.eq(device.tx.ready),
            self.o.payload.eq(device.rx.payload),
            self.o.valid.eq(device.rx.valid),
            device.rx.ready.eq(self.o.ready),
        ]
        return m
