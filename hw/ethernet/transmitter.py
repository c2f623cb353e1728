"""Transmitter of packets: datagrams to the host, and answers to ARP requests."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.ethernet.checksum import Checksum
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.datagram import DATAGRAM_LAYOUT, HEADER_BYTES, VERSION
from tickless.hw.ethernet.receiver import (
    COUNT_BITS,
    HEADERS,
    IP,
    IP_BYTES,
    SENDER_LAYOUT,
    UDP,
    UDP_BYTES,
)
from tickless.hw.host.cobs import FRAME_BYTE
from tickless.hw.streams import Buffer

__all__ = ["PacketTransmitter"]

ARP_BYTES = 14 + 28

TIME_TO_LIVE = 64


class PacketTransmitter(wiring.Component):
    """Transmitter of packets; answers to ARP requests go first.

    Parameters
    ----------
    config : EthernetConfig
        Addresses.

    Members
    -------
    arp, host : In(SENDER_LAYOUT)
        To whom an ARP answer, and a datagram, is sent.
    arp_valid, datagram_valid : In(1)
        Whether there is one to be sent.
    header : In(DATAGRAM_LAYOUT)
        Header of the datagram, all but its version.
    count : In(COUNT_BITS)
        Bytes of the line in it.
    start, start_arp : Out(1)
        High for one clock when a datagram, or an ARP answer, is begun: header, count and addresses
        are copied.
    byte : In(8)
        Byte of the line.
    take : Out(1)
        Whether it is taken.
    o : Out(stream)
        Frames for `hw.ethernet.mac.MacTransmitter`.
    """

    arp: Any
    host: Any
    arp_valid: Signal
    datagram_valid: Signal
    header: Any
    count: Signal
    start: Signal
    start_arp: Signal
    byte: Signal
    take: Signal
    o: stream.Interface

    def __init__(self, config: EthernetConfig):
        self.config = config
        super().__init__(
            {
                "arp": In(SENDER_LAYOUT),
                "host": In(SENDER_LAYOUT),
                **dict.fromkeys(("arp_valid", "datagram_valid"), In(1)),
                "header": In(DATAGRAM_LAYOUT),
                "count": In(COUNT_BITS),
                **dict.fromkeys(("start", "start_arp", "take"), Out(1)),
                "byte": In(8),
                "o": Out(stream.Signature(FRAME_BYTE)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.checksum = checksum = Checksum()
        m.submodules.buffer = buffer = Buffer(FRAME_BYTE)
        connect(m, buffer.o, flipped(self.o))
        to: Any = Signal(SENDER_LAYOUT)
        header: Any = Signal(DATAGRAM_LAYOUT)
        rest = Signal(COUNT_BITS)
        length, udp_length = Signal(16), Signal(16)
        is_arp = Signal()
        place = Signal(range(HEADERS))

        byte = Signal(8)
        headers = (self._udp(to, header, length, udp_length, ~checksum.sum), self._arp(to))
        with m.Switch(Cat(place, is_arp)):
            for kind, content in enumerate(headers):
                for index, value in enumerate(content):
                    with m.Case(index | kind << len(place)):
                        m.d.comb += byte.eq(value)

        is_last = place == Mux(is_arp, ARP_BYTES - 1, HEADERS - 1)
        summing = Signal()
        m.d.sync += [
            checksum.i.eq(byte),
            checksum.high.eq(~place[0]),
            checksum.i_valid.eq(summing & ~place.matches(IP + 10, IP + 11)),
        ]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += [
                    self.start_arp.eq(self.arp_valid),
                    self.start.eq(self.datagram_valid & ~self.arp_valid),
                    checksum.clear.eq(1),
                ]
                m.d.sync += [
                    place.eq(IP),
                    is_arp.eq(self.arp_valid),
                    to.eq(Mux(self.arp_valid, self.arp, self.host)),
                    header.eq(self.header),
                    header.version.eq(VERSION),
                    rest.eq(self.count),
                    length.eq(self.count + (IP_BYTES + UDP_BYTES + HEADER_BYTES)),
                    udp_length.eq(self.count + (UDP_BYTES + HEADER_BYTES)),
                ]
                with m.If(self.arp_valid | self.datagram_valid):
                    m.next = "sum"
            with m.State("sum"):
                m.d.comb += summing.eq(1)
                m.d.sync += place.eq(place + 1)
                with m.If(place == UDP - 1):
                    m.d.sync += place.eq(0)
                    m.next = "headers"
            with m.State("headers"):
                m.d.comb += [
                    buffer.i.valid.eq(1),
                    buffer.i.p.byte.eq(byte),
                    buffer.i.p.last.eq(is_last & (is_arp | (rest == 0))),
                ]
                with m.If(buffer.i.ready):
                    m.d.sync += place.eq(place + 1)
                    with m.If(is_last):
                        m.next = "bytes"
                        with m.If(buffer.i.p.last):
                            m.next = "idle"
            with m.State("bytes"):
                m.d.comb += [
                    buffer.i.valid.eq(1),
                    buffer.i.p.byte.eq(self.byte),
                    buffer.i.p.last.eq(rest == 1),
                    self.take.eq(buffer.i.ready),
                ]
                with m.If(buffer.i.ready):
                    m.d.sync += rest.eq(rest - 1)
                    with m.If(buffer.i.p.last):
                        m.next = "idle"
        return m

    def _udp(
        self, to: Any, header: Any, length: Value, udp_length: Value, checksum: Value
    ) -> list[Value]:
        """Headers of a datagram; of its two checksums that of UDP is 0: there is none."""
        ip, port = self.config.ip, self.config.port.to_bytes(2, "big")
        return [
            *_bytes(to.mac),
            *_constant(self.config.mac + b"\x08\x00"),
            *_constant(b"\x45\x00"),
            *reversed(_bytes(length)),
            *_constant(b"\x00\x00\x40\x00" + bytes([TIME_TO_LIVE]) + b"\x11"),
            *reversed(_bytes(checksum)),
            *_constant(ip),
            *_bytes(to.ip),
            *_constant(port),
            *_bytes(to.port),
            *reversed(_bytes(udp_length)),
            *_constant(b"\x00\x00"),
            *_bytes(header),
        ]

    def _arp(self, to: Any) -> list[Value]:
        """An ARP answer."""
        mac, ip = self.config.mac, self.config.ip
        return [
            *_bytes(to.mac),
            *_constant(mac + bytes.fromhex("0806 0001 0800 06 04 0002")),
            *_constant(mac + ip),
            *_bytes(to.mac),
            *_bytes(to.ip),
        ]


def _bytes(value: Any) -> list[Value]:
    """Bytes of a value, the lowest first."""
    bits = Value.cast(value)
    return [bits[start : start + 8] for start in range(0, len(bits), 8)]


def _constant(content: bytes) -> list[Value]:
    return [Const(byte, 8) for byte in content]
