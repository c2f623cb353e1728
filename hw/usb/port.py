"""USB port: bytes of the line in bulk transfers, over ULPI."""

from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from luna.gateware.usb.devices.acm import ACMRequestHandlers, USBSerialDevice
from luna.gateware.usb.usb2.device import USBDevice
from luna.gateware.usb.usb2.endpoints.stream import USBStreamInEndpoint, USBStreamOutEndpoint
from luna.gateware.usb.usb2.request import StallOnlyRequestHandler
from usb_protocol.types import USBRequestType

__all__ = ["ULPI", "ULPI_HZ", "USB_DOMAIN", "UsbPort"]

USB_DOMAIN = "usb"
"""Clock domain of ULPI, as LUNA calls it: the PHY's clock."""

ULPI_HZ = 60_000_000

PACKET_BYTES = 512
"""Most bytes of a bulk packet at high speed."""

NOTICES, DATA = 3, 4
"""Endpoints beside that of control, by the descriptors of LUNA's serial device."""

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


class _BeginsAnew:
    """Endpoint that a reset of the bus sets back: LUNA's go on with the order of their packets."""

    reset: Signal

    def elaborate(self, platform):
        endpoint: Any = super()
        return ResetInserter({USB_DOMAIN: self.reset})(endpoint.elaborate(platform))


class _Notices(_BeginsAnew, USBStreamInEndpoint):
    """Endpoint that a serial device must have, and that never says anything."""


class _ToHost(_BeginsAnew, USBStreamInEndpoint):
    """Endpoint of bytes for the host."""


class _FromHost(_BeginsAnew, USBStreamOutEndpoint):
    """Endpoint of bytes from the host."""


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
        # As LUNA takes a platform's pins.
        pins = SimpleNamespace(
            data=ulpi.data,
            dir=SimpleNamespace(i=ulpi.dir),
            nxt=SimpleNamespace(i=ulpi.nxt),
            stp=SimpleNamespace(o=ulpi.stp),
        )
        m.submodules.device = device = USBDevice(bus=pins, handle_clocking=False)
        serial = USBSerialDevice(
            bus=pins,
            idVendor=VENDOR,
            idProduct=PRODUCT,
            manufacturer_string="Tickless",
            product_string="Spiking network",
            max_packet_size=PACKET_BYTES,
        )
        control = device.add_standard_control_endpoint(serial.create_descriptors())
        control.add_request_handler(ACMRequestHandlers())
        control.add_request_handler(StallOnlyRequestHandler(_is_unknown))
        notices = _Notices(endpoint_number=NOTICES, max_packet_size=PACKET_BYTES)
        sends = _ToHost(endpoint_number=DATA, max_packet_size=PACKET_BYTES)
        receives = _FromHost(endpoint_number=DATA, max_packet_size=PACKET_BYTES)
        for endpoint in (notices, sends, receives):
            endpoint.reset = device.reset_detected
            device.add_endpoint(endpoint)
        m.d.comb += [
            device.connect.eq(1),
            sends.stream.payload.eq(self.i.payload),
            sends.stream.valid.eq(self.i.valid),
            sends.stream.last.eq(self.i.payload == 0),
            self.i.ready.eq(sends.stream.ready),
            self.o.payload.eq(receives.stream.payload),
            self.o.valid.eq(receives.stream.valid),
            receives.stream.ready.eq(self.o.ready),
        ]
        return m


def _is_unknown(setup: Any) -> Value:
    """Whether a request is of a type that a serial device has none of."""
    return (setup.type == USBRequestType.VENDOR) | (setup.type == USBRequestType.RESERVED)
