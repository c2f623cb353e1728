"""Beats: from AXI4-Stream transfers to input packets."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.axi.shape import AxiShape
from tickless.hw.packet import Kind
from tickless.hw.streams import Buffer

__all__ = ["BeatReader", "beat_layout"]


def beat_layout(payload: Any) -> data.StructLayout:
    """Layout of a transfer of AXI4-Stream: its data, and whether it is the last of its packet."""
    return data.StructLayout({"data": payload, "last": 1})


class BeatReader(wiring.Component):
    """Reader of beats: one packet a clock.

    An event whose beat is the last of its packet is followed by END, which takes one clock more.
    END and READ also come as beats of their own: END for a sample without events, or between
    samples of one packet.

    Parameters
    ----------
    shape : AxiShape
        The bridge's.

    Members
    -------
    i : In(stream)
        Beats of `AxiShape.event`. Ready comes out of a register.
    o : Out(stream)
        Packets.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, shape: AxiShape):
        self.layout = beat_layout(shape.event)
        super().__init__(
            {"i": In(stream.Signature(self.layout)), "o": Out(stream.Signature(shape.link.layout))}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = Buffer(self.layout)
        connect(m, flipped(self.i), buffer.i)
        beat, packet = buffer.o, self.o.p
        event: Any = beat.p.data
        known = Signal()
        ending = Signal()  # END of a beat whose event has been taken
        ends = Signal()
        m.d.comb += [
            known.eq((event.kind == Kind.EVENT) & (event.spare == 0)),
            packet.kind.eq(Mux(event.kind == Kind.EVENT_END, Kind.EVENT, event.kind)),
            packet.x.eq(event.x),
            packet.y.eq(event.y),
            packet.mask.eq(Mux(known, 1 << event.channel, 0)),
            ends.eq(beat.p.last & ~ending & (event.kind != Kind.END)),
            self.o.valid.eq(beat.valid),
            beat.ready.eq(self.o.ready & ~ends),
        ]
        with m.If(ending):
            m.d.comb += packet.kind.eq(Kind.END)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += ending.eq(ends)
        return m
