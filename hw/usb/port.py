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

from tickless.hw.usb.ulpi import ULPI, USB_DOMAIN

__all__ = ["UsbPort"]

PACKET_BYTES = 512
"""Most bytes of a bulk packet at high speed."""

VENDOR, PRODUCT = 0x1209, 0x0001
"""Numbers that pid.codes keeps for tests, and that must not be sold."""


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


class _SerialDevice(USBSerialDevice):
    """LUNA's serial device, always connected, whose data a reset of the bus sets back, and whose
    clock is not its own business."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.usb = usb = USBDevice(bus=self._bus, handle_clocking=False)
        control = usb.add_standard_control_endpoint(self.create_descriptors())
        control.add_request_handler(ACMRequestHandlers())
        control.add_request_handler(StallOnlyRequestHandler(_is_unknown))
        notices = _Notices(
            endpoint_number=self._STATUS_ENDPOINT_NUMBER, max_packet_size=self._max_packet_size
        )
        sends = _ToHost(
            endpoint_number=self._DATA_ENDPOINT_NUMBER, max_packet_size=self._max_packet_size
        )
        receives = _FromHost(
            endpoint_number=self._DATA_ENDPOINT_NUMBER, max_packet_size=self._max_packet_size
        )
        for endpoint in (notices, sends, receives):
            endpoint.reset = usb.reset_detected
            usb.add_endpoint(endpoint)
        m.d.comb += [
            usb.connect.eq(1),
            sends.stream.stream_eq(self.tx),
            self.rx.stream_eq(receives.stream),
        ]
        return m


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
        m.submodules.device = device = _SerialDevice(
            bus=pins,
            idVendor=VENDOR,
            idProduct=PRODUCT,
            manufacturer_string="Tickless",
            product_string="Spiking network",
            max_packet_size=PACKET_BYTES,
        )
        m.d.comb += [
            device.tx.payload.eq(self.i.payload),
            device.tx.valid.eq(self.i.valid),
            device.tx.last.eq(self.i.payload == 0),
            self.i.ready.eq(device.tx.ready),
            self.o.payload.eq(device.rx.payload),
            self.o.valid.eq(device.rx.valid),
            device.rx.ready.eq(self.o.ready),
        ]
        return m


def _is_unknown(setup: Any) -> Value:
    """Whether a request is of a type that a serial device has none of."""
    return (setup.type == USBRequestType.VENDOR) | (setup.type == USBRequestType.RESERVED)
