"""Writer of a recording: from packets to the input's list in the SDRAM."""

from typing import Any

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.packet import Kind, LinkConfig
from tickless.hw.passes.lists import NO_INDEX, TOKEN_LAYOUT, ListEncoder, TokenKind
from tickless.hw.passes.traffic import port_signature
from tickless.hw.passes.words import Marker
from tickless.hw.passes.writer import WordWriter
from tickless.hw.sdram.timing import ADDRESS_BITS
from tickless.hw.streams import Buffer

__all__ = ["RecordingWriter"]


class RecordingWriter(wiring.Component):
    """Writer of a recording.

    Behind a marker, READ as END, the list in the SDRAM is one of a whole recording. Events behind
    READ go where END was.

    Parameters
    ----------
    link : LinkConfig
        Input packets, of one channel each.

    Members
    -------
    i : In(stream)
        Packets. One with an address outside the extent, or without a channel, is dropped.
    taken, dropped : Out(1)
        High for one clock for each event, and where it is dropped.
    address, limit : In
        Where the list begins, and the word behind its last one.
    ended : Out(1)
        Whether a marker came and all is written.
    kind : Out(Kind)
        The marker.
    overflow : Out(1)
        Whether the recording does not fit; what is left of it is passed over.
    again : In(1)
        Go on with the recording, or begin the next one; only while ``ended``.
    port : Out(port_signature)
        To the SDRAM.
    """

    i: stream.Interface
    taken: Signal
    dropped: Signal
    address: Signal
    limit: Signal
    ended: Signal
    kind: Any
    overflow: Signal
    again: Signal
    port: Any

    def __init__(self, link: LinkConfig):
        self.link = link
        super().__init__(
            {
                "i": In(stream.Signature(link.layout)),
                "taken": Out(1),
                "dropped": Out(1),
                "address": In(ADDRESS_BITS),
                "limit": In(ADDRESS_BITS),
                "ended": Out(1),
                "kind": Out(Kind),
                "overflow": Out(1),
                "again": In(1),
                "port": Out(port_signature()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        link, packet = self.link, self.i.p
        clear = Signal()

        def unit(name: str, component: Any) -> Any:
            m.submodules[name] = ResetInserter(clear)(component)
            return component

        tokens: Any = unit("tokens", Buffer(TOKEN_LAYOUT))
        encoder: Any = unit("encoder", ListEncoder())
        writer: Any = unit("writer", WordWriter())
        connect(m, tokens.o, encoder.i)
        connect(m, writer.port, flipped(self.port))
        token = tokens.i.p
        for channel in range(link.channels):
            with m.If(packet.mask[channel]):
                m.d.comb += token.channel.eq(channel)
        is_event, outside = Signal(), Signal()
        m.d.comb += [
            is_event.eq(packet.kind == Kind.EVENT),
            outside.eq((packet.y >= link.height) | (packet.x >= link.width) | (packet.mask == 0)),
            token.kind.eq(TokenKind.EVENT),
            token.y.eq(packet.y),
            token.x.eq(packet.x),
            token.index.eq(NO_INDEX),
            writer.limit.eq(self.limit),
            self.taken.eq(self.i.valid & self.i.ready & is_event),
            self.dropped.eq(outside),
        ]
        begun, resume = Signal(), Signal(ADDRESS_BITS)
        m.d.comb += [
            writer.address.eq(Mux(begun, resume, self.address)),
            writer.i.payload.eq(encoder.o.payload),
            writer.i.valid.eq(encoder.o.valid),
            encoder.o.ready.eq(writer.i.ready),
        ]
        with m.If(writer.overflow):
            m.d.sync += self.overflow.eq(1)
        with m.FSM():
            with m.State("start"), m.If(self.i.valid):
                m.d.comb += writer.start.eq(1)
                m.next = "events"
            with m.State("events"):
                with m.If(self.i.valid & is_event):
                    passed = outside | self.overflow
                    m.d.comb += [
                        tokens.i.valid.eq(~passed),
                        self.i.ready.eq(passed | tokens.i.ready),
                    ]
                with m.Elif(self.i.valid & ~tokens.o.valid):
                    m.d.comb += self.i.ready.eq(1)
                    m.d.sync += self.kind.eq(packet.kind)
                    m.next = "end"
                with m.If(self.overflow):
                    m.d.comb += encoder.o.ready.eq(1)
            for name, marker, following in (
                ("end", Marker.END, "stop"),
                ("stop", Marker.STOP, "flush"),
            ):
                with m.State(name):
                    m.d.comb += [writer.i.payload.eq(marker), writer.i.valid.eq(1)]
                    with m.If(writer.i.ready | self.overflow):
                        m.next = following
            with m.State("flush"):
                m.d.comb += writer.flush.eq(1)
                with m.If(writer.idle | self.overflow):
                    m.d.sync += resume.eq(writer.next - 2)
                    m.next = "ended"
            with m.State("ended"):
                m.d.comb += self.ended.eq(1)
                with m.If(self.again):
                    m.d.sync += begun.eq(self.kind == Kind.READ)
                    m.next = "start"
                    with m.If(self.kind == Kind.END):
                        m.d.sync += self.overflow.eq(0)
                        m.d.comb += clear.eq(1)
        return m
