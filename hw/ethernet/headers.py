"""Headers of what a board sends: constants, and fields that differ from packet to packet."""

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.datagram import DATAGRAM_LAYOUT, HEADER_BYTES, VERSION
from tickless.hw.ethernet.receiver import COUNT_BITS, HEADERS, IP_BYTES, SENDER_LAYOUT, UDP_BYTES

__all__ = ["ARP_BYTES", "Headers"]

ARP_BYTES = 14 + 28
"""Bytes of an ARP answer."""

TIME_TO_LIVE = 64

FIELD_BYTES = {
    "mac": 6,
    "ip": 4,
    "port": 2,
    "length": 2,
    "checksum": 2,
    "udp_length": 2,
    "datagram": HEADER_BYTES,
}
"""Bytes of the fields by name: the receiver's addresses, what IP and UDP say of the packet, and the
header of `hw.ethernet.datagram`."""


def of_datagram(config: EthernetConfig) -> list[int | str]:
    """Headers of a datagram, for each byte itself or its field; of the two checksums that of UDP is
    0: there is none."""
    return _bytes(
        "mac",
        config.mac + bytes.fromhex("0800 4500"),
        "length",
        bytes([0, 0, 0x40, 0, TIME_TO_LIVE, 0x11]),
        "checksum",
        config.ip,
        "ip",
        config.port.to_bytes(2, "big"),
        "port",
        "udp_length",
        bytes(2),
        "datagram",
    )


def of_arp(config: EthernetConfig) -> list[int | str]:
    """An ARP answer, for each byte itself or its field."""
    kind = bytes.fromhex("0806 0001 0800 06 04 0002")
    return _bytes("mac", config.mac + kind + config.mac + config.ip, "mac", "ip")


def _bytes(*parts: bytes | str) -> list[int | str]:
    content: list[int | str] = []
    for part in parts:
        content += [part] * FIELD_BYTES[part] if isinstance(part, str) else part
    return content


class Headers(wiring.Component):
    """Headers' bytes, two steps behind their places.

    Parameters
    ----------
    config : EthernetConfig
        Addresses.

    Members
    -------
    to, header, count : In
        To whom it goes, and header and bytes of the datagram: see
        `hw.ethernet.transmitter.PacketTransmitter`.
    load : In(1)
        Whether to copy these.
    step : In(1)
        Whether to go on; nothing happens without it.
    place : In
        Place of a byte in the frame; each field is passed from its first to its last byte.
    is_arp : In(1)
        Whether in one of an ARP answer.
    checksum : In(16)
        Checksum of IP.
    byte : Out(8)
        The byte; 0 behind the headers.
    is_checksum : Out(1)
        Whether it is of the checksum.
    """

    to: Any
    header: Any
    count: Signal
    load: Signal
    step: Signal
    place: Signal
    is_arp: Signal
    checksum: Signal
    byte: Signal
    is_checksum: Signal

    def __init__(self, config: EthernetConfig):
        self.config = config
        super().__init__(
            {
                "to": In(SENDER_LAYOUT),
                "header": In(DATAGRAM_LAYOUT),
                "count": In(COUNT_BITS),
                **dict.fromkeys(("load", "step", "is_arp"), In(1)),
                "place": In(range(HEADERS + 1)),
                "checksum": In(16),
                "byte": Out(8),
                "is_checksum": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        length, udp_length = Signal(16), Signal(16)
        header: Any = Signal(DATAGRAM_LAYOUT)
        m.d.comb += [
            length.eq(self.count + (IP_BYTES + UDP_BYTES + HEADER_BYTES)),
            udp_length.eq(self.count + (UDP_BYTES + HEADER_BYTES)),
            header.eq(self.header),
            header.version.eq(VERSION),
        ]
        loaded = {
            **{name: self.to[name] for name in ("mac", "ip", "port")},
            "length": Cat(length[8:], length[:8]),
            "udp_length": Cat(udp_length[8:], udp_length[:8]),
            "datagram": header,
        }
        # A field is turned by a byte when its lowest one is passed.
        fields = {name: Signal(8 * count, name=name) for name, count in FIELD_BYTES.items()}
        chosen = {name: Signal(name=f"is_{name}") for name in fields}
        constant = Signal(8)
        with m.If(self.step):
            firsts = (fields[name][:8] & chosen[name].replicate(8) for name in fields)
            m.d.sync += [
                constant.eq(0),
                *(flag.eq(0) for flag in chosen.values()),
                self.byte.eq(reduce(or_, firsts, constant)),
                self.is_checksum.eq(chosen["checksum"]),
                fields["checksum"].eq(Cat(self.checksum[8:], self.checksum[:8])),
            ]
            for name, field in fields.items():
                with m.If(chosen[name]):
                    m.d.sync += field.eq(field.rotate_right(8))
            with m.If(self.load):
                m.d.sync += [fields[name].eq(value) for name, value in loaded.items()]
            with m.Switch(Cat(self.place, self.is_arp)):
                for kind, content in enumerate((of_datagram(self.config), of_arp(self.config))):
                    for place, part in enumerate(content):
                        with m.Case(Cat(Const(place, len(self.place)), Const(kind, 1))):
                            if isinstance(part, str):
                                m.d.sync += chosen[part].eq(1)
                            else:
                                m.d.sync += constant.eq(part)
        return m
