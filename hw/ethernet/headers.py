"""Headers of what a board sends: constants, and fields that differ from packet to packet."""

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.datagram import DATAGRAM_LAYOUT, HEADER_BYTES, VERSION
from tickless.hw.ethernet.look_up import look_up
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
    "session": 4,
    "position": 4,
    "received": 4,
}
"""Bytes of the fields by name: the receiver's addresses, what IP and UDP say of the packet, and the
three words of `hw.ethernet.datagram.DATAGRAM_LAYOUT`."""

WORDS = {"session": 0, "position": 32, "received": 64}
"""Bits in front of those words."""


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
        "session",
        "position",
        "received",
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
    """Headers' bytes, three steps behind their places.

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
        Whether to copy these in the next clock; not before the last byte has come.
    step : In(1)
        Whether to go on to the next place.
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
            **{name: Value.cast(header)[at : at + 32] for name, at in WORDS.items()},
        }
        # A field is turned by a byte when its lowest one is passed.
        tables = of_datagram(self.config), of_arp(self.config)
        parts = {
            at | kind << len(self.place): part
            for kind, table in enumerate(tables)
            for at, part in enumerate(table)
        }
        index = Cat(self.place, self.is_arp)
        constant, is_checksum = Signal(8, reset_less=True), Signal()
        firsts: list[Value] = []
        for name, count in FIELD_BYTES.items():
            field = Signal(8 * count, name=name, reset_less=True)
            chosen = Signal(name=f"is_{name}")
            places = {at: 1 for at, part in parts.items() if part == name}
            firsts.append(field[:8] & chosen.replicate(8))
            with m.If(self.step):
                m.d.sync += chosen.eq(look_up(m, index, places, 1, self.step))
            with m.If(self.step & chosen):
                m.d.sync += field.eq(field.rotate_right(8))
            if name in loaded:
                load = Signal(init=1, name=f"loads_{name}", attrs={"copy": 1})  # reaches few
                m.d.sync += load.eq(self.load)
                with m.If(load):
                    m.d.sync += field.eq(loaded[name])
            else:
                m.d.comb += is_checksum.eq(chosen)
                with m.If(~chosen):
                    m.d.sync += field.eq(Cat(self.checksum[8:], self.checksum[:8]))
        with m.If(self.step):
            constants = {at: part for at, part in parts.items() if isinstance(part, int)}
            m.d.sync += [
                constant.eq(look_up(m, index, constants, 8, self.step)),
                self.byte.eq(reduce(or_, firsts, constant)),
                self.is_checksum.eq(is_checksum),
            ]
        return m
