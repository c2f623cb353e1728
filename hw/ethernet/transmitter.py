"""Transmitter of packets: datagrams to the host, and answers to ARP requests."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.ethernet.checksum import Checksum
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.datagram import DATAGRAM_LAYOUT
from tickless.hw.ethernet.headers import ARP_BYTES, Headers
from tickless.hw.ethernet.receiver import COUNT_BITS, HEADERS, IP, IP_BYTES, SENDER_LAYOUT
from tickless.hw.host.cobs import FRAME_BYTE
from tickless.hw.streams import Buffer

__all__ = ["PacketTransmitter"]

STEPS = 3
"""From a byte's place to the byte."""


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
        m.submodules.headers = headers = Headers(self.config)
        m.submodules.checksum = checksum = Checksum()
        m.submodules.buffer = buffer = Buffer(FRAME_BYTE)
        connect(m, buffer.o, flipped(self.o))
        go = buffer.i.ready
        place = Signal(range(HEADERS + 1), init=IP)
        is_arp = Signal()
        rest = Signal(COUNT_BITS, reset_less=True)
        has_rest, is_final = Signal(), Signal()
        # A byte, and what becomes of it, is known three steps behind its place.
        is_line, line = Signal(STEPS - 1), Signal(8, reset_less=True)
        valid, last, summed, low = (
            Signal(STEPS, name=name) for name in ("valid", "last", "sum", "low")
        )
        m.d.comb += [
            headers.to.eq(Mux(self.arp_valid, self.arp, self.host)),
            headers.header.eq(self.header),
            headers.count.eq(self.count),
            headers.step.eq(go),
            headers.place.eq(place),
            headers.is_arp.eq(is_arp),
            headers.checksum.eq(~checksum.sum),
            self.take.eq(is_line[-1] & go),
            buffer.i.valid.eq(valid[-1]),
            buffer.i.p.byte.eq(headers.byte | line),
            buffer.i.p.last.eq(last[-1]),
            checksum.i.eq(headers.byte),
            checksum.i_valid.eq(summed[-1] & ~headers.is_checksum & go),
            checksum.high.eq(~low[-1]),
        ]
        left = Signal.like(place)  # places behind this one
        at_last = Signal()
        with m.If(go):
            m.d.sync += [
                *(flag.eq(flag << 1) for flag in (valid, last, summed, is_line)),
                low.eq(Cat(place[0], low)),
                line.eq(self.byte & is_line[-1].replicate(8)),
                at_last.eq(left == 1),
            ]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += [
                    self.start_arp.eq(self.arp_valid),
                    self.start.eq(self.datagram_valid & ~self.arp_valid),
                    headers.load.eq(1),
                    checksum.clear.eq(1),
                ]
                m.d.sync += [
                    place.eq(Mux(self.arp_valid, 0, IP)),
                    left.eq(Mux(self.arp_valid, ARP_BYTES, IP_BYTES) - 1),
                    is_arp.eq(self.arp_valid),
                    rest.eq(self.count),
                    has_rest.eq(~self.arp_valid & (self.count != 0)),
                ]
                with m.If(self.arp_valid | self.datagram_valid):
                    m.d.comb += headers.load.eq(0)
                    m.next = "sum"
                with m.If(self.arp_valid):
                    m.next = "headers"
            with m.State("sum"), m.If(go):
                m.d.sync += [summed[0].eq(1), place.eq(place + 1), left.eq(left - 1)]
                with m.If(at_last):
                    m.d.sync += [place.eq(0), left.eq(HEADERS - 1)]
                    m.next = "headers"
            with m.State("headers"), m.If(go):
                m.d.sync += [valid[0].eq(1), place.eq(place + 1), left.eq(left - 1)]
                m.d.sync += is_final.eq(rest == 1)
                with m.If(at_last):
                    m.d.sync += last[0].eq(~has_rest)
                    m.next = "drain"
                    with m.If(has_rest):
                        m.next = "bytes"
            with m.State("bytes"), m.If(go):
                m.d.sync += [
                    *(flag.eq(1) for flag in (valid[0], is_line[0])),
                    last[0].eq(is_final),
                    rest.eq(rest - 1),
                    is_final.eq(rest == 2),
                ]
                with m.If(is_final):
                    m.next = "drain"
            with m.State("drain"), m.If(~valid.any()):
                m.d.comb += headers.load.eq(1)
                m.next = "idle"
        return m
