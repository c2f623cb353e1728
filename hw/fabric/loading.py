"""Loading over a mesh: the host's gate, and the acknowledgments of the tiles."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Array, Module, ShapeLike, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from tickless.hw.core.loader import CHUNK_LAYOUT
from tickless.hw.core.shape import COUNTER_BITS
from tickless.hw.fabric.flit import HOST, FlitConfig
from tickless.hw.packet import Kind

__all__ = ["ACKNOWLEDGMENT", "LOAD_COUNTERS", "Acknowledger", "LoadGate", "load_layout"]

COUNT_BITS = 8
"""Width of the counts of an acknowledgment; so many chunks may be under way."""

SAMPLE_BITS = 16
"""Width of the count of samples without an answer."""

ACKNOWLEDGMENT = data.StructLayout({"written": COUNT_BITS, "unknown": COUNT_BITS})
"""Layout of an acknowledgment: chunks written, and chunks for addresses that do not exist."""

LOAD_COUNTERS = data.StructLayout(dict.fromkeys(("written", "unknown", "refused"), COUNTER_BITS))
"""Layout of the counters of loading since reset.

``written`` counts the chunks that a core has acknowledged, ``unknown`` those for cores or addresses
that do not exist, ``refused`` those that came while a sample was open. Each chunk is counted once.
"""


def load_layout(cores: int) -> data.StructLayout:
    """Layout of a chunk from outside: index of its core, address in the core, value."""
    return data.StructLayout({"chunk": CHUNK_LAYOUT, "core": bits_for(cores)})


class Acknowledger(wiring.Component):
    """Acknowledger of a tile: counts chunks, and tells the host so when the mesh takes it.

    Parameters
    ----------
    flit : FlitConfig
        Flits of the mesh.

    Members
    -------
    taken : In(1)
        High in each clock in which the core takes a chunk.
    unknown : In(1)
        Whether the chunk has an address that does not exist.
    o : Out(stream)
        Flits to the host: `ACKNOWLEDGMENT`.
    """

    taken: Signal
    unknown: Signal
    o: stream.Interface

    def __init__(self, flit: FlitConfig):
        super().__init__(
            {"taken": In(1), "unknown": In(1), "o": Out(stream.Signature(flit.layout))}
        )

    def elaborate(self, platform):
        m = Module()
        counts: Any = Signal(ACKNOWLEDGMENT)
        new: Any = Signal(ACKNOWLEDGMENT)
        m.d.comb += [
            new.written.eq(self.taken & ~self.unknown),
            new.unknown.eq(self.taken & self.unknown),
            self.o.p.load.eq(1),
            self.o.p.row.eq(HOST[0]),
            self.o.p.column.eq(HOST[1]),
        ]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [
                self.o.valid.eq(counts.as_value().any()),
                self.o.p.payload.eq(counts),
                counts.eq(new),
            ]
        with m.Else():
            m.d.sync += [
                counts.written.eq(counts.written + new.written),
                counts.unknown.eq(counts.unknown + new.unknown),
            ]
        return m


class LoadGate(wiring.Component):
    """Gate of the host: lets chunks in between samples only, and events only when all are in.

    A sample is open from its first packet to the class that answers its END. A chunk that comes
    while one is open is refused. Packets wait while a chunk is not yet acknowledged.

    Parameters
    ----------
    flit : FlitConfig
        Flits of the mesh.
    shape : ShapeLike
        Input packets.
    places : sequence of (int, int)
        Row and column of each core.

    Members
    -------
    i, o : In(stream), Out(stream)
        Input packets before and behind the gate.
    load : In(stream)
        Chunks: `load_layout`.
    flits : Out(stream)
        Flits to the cores.
    answered : In(1)
        High for one clock when the answer to an END is taken.
    acknowledged : In(ACKNOWLEDGMENT)
        Acknowledgment of a tile.
    acknowledged_valid : In(1)
        Whether there is one.
    counters : Out(LOAD_COUNTERS)
        What became of the chunks.
    """

    i: stream.Interface
    o: stream.Interface
    load: stream.Interface
    flits: stream.Interface
    answered: Signal
    acknowledged: Any
    acknowledged_valid: Signal
    counters: Any

    def __init__(self, flit: FlitConfig, shape: ShapeLike, places: Sequence[tuple[int, int]]):
        self.places = tuple(places)
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "load": In(stream.Signature(load_layout(len(self.places)))),
                "flits": Out(stream.Signature(flit.layout)),
                "answered": In(1),
                "acknowledged": In(ACKNOWLEDGMENT),
                "acknowledged_valid": In(1),
                "counters": Out(LOAD_COUNTERS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        load, flits, acknowledged = self.load, self.flits, self.acknowledged
        under_way = Signal(COUNT_BITS)
        unanswered = Signal(SAMPLE_BITS)
        begun = Signal()
        holds = Signal()
        is_open = Signal()
        ends = Signal()
        m.d.comb += [
            holds.eq((under_way != 0) | unanswered.all()),
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~holds),
            self.i.ready.eq(self.o.ready & ~holds),
            is_open.eq(begun | (unanswered != 0) | self.o.valid),
            ends.eq(self.o.valid & self.o.ready & (self.i.p.kind == Kind.END)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += begun.eq(self.i.p.kind != Kind.END)
        m.d.sync += unanswered.eq(unanswered + ends - self.answered)

        known = Signal()
        free = Signal()
        accepts = Signal()
        m.d.comb += [
            known.eq(load.p.core < len(self.places)),
            free.eq((~flits.valid | flits.ready) & ~under_way.all()),
            load.ready.eq(is_open | ~known | free),
            accepts.eq(load.valid & ~is_open & known & free),
            flits.p.load.eq(1),
        ]
        with m.If(~flits.valid | flits.ready):
            m.d.sync += [flits.valid.eq(accepts), flits.p.payload.eq(load.p.chunk)]
            for axis, name in enumerate(("row", "column")):
                values = Array(place[axis] for place in self.places)
                m.d.sync += flits.p[name].eq(values[load.p.core])

        taken, counters = load.valid & load.ready, self.counters
        for name in ("written", "unknown"):
            count = self.acknowledged_valid.replicate(COUNT_BITS) & acknowledged[name]
            if name == "unknown":
                count = count + (taken & ~is_open & ~known)
            m.d.sync += counters[name].eq(counters[name] + count)
        m.d.sync += counters.refused.eq(counters.refused + (taken & is_open))
        with m.If(self.acknowledged_valid):
            back = acknowledged.written + acknowledged.unknown
            m.d.sync += under_way.eq(under_way + accepts - back)
        with m.Else():
            m.d.sync += under_way.eq(under_way + accepts)
        return m
