"""Merge: the slices of a cut layer back into one ordered stream."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.packet import Kind, LinkConfig

__all__ = ["Merge"]


class Merge(wiring.Component):
    """Ordered merge of slices.

    Event by event, packets leave by position and then by slice, which is the order in which an
    uncut layer sends them. Ends of the slices' own events are consumed, ends of a fork's events
    leave once where ``link`` carries ends; so do END and READ, which every slice sends at the same
    place. One packet or one empty event a clock.

    Parameters
    ----------
    link : LinkConfig
        Packets of the whole layer.
    slices : sequence of LinkConfig
        Packets of each slice, channels ascending, all with ``link.lanes`` and with ends of events.

    Members
    -------
    i_<k> : In(stream)
        Packets of slice ``k``.
    o : Out(stream)
        Packets of the layer.
    """

    o: stream.Interface

    def __init__(self, link: LinkConfig, slices: Sequence[LinkConfig]):
        for index, part in enumerate(slices):
            if part.lanes != link.lanes or not part.level_bits:
                raise ValueError(
                    f"slices[{index}] = {part!r}: expected {link.lanes} lanes and ends of events"
                )
        self.link, self.slices = link, tuple(slices)
        members: dict[str, Any] = {
            f"i_{index}": In(stream.Signature(part.layout)) for index, part in enumerate(slices)
        }
        super().__init__({**members, "o": Out(stream.Signature(link.layout))})

    def slice(self, index: int) -> Any:
        """Stream of a slice's packets."""
        return getattr(self, f"i_{index}")

    def elaborate(self, platform):
        m = Module()
        count = len(self.slices)
        heads = [self.slice(index) for index in range(count)]
        done = Signal(count)  # slices whose part of the event at hand has left
        known = Signal()
        spiking = Signal(count)
        silent = Signal(count)
        marker = Signal()
        m.d.comb += [
            known.eq((Cat(head.valid for head in heads) | done).all()),
            spiking.eq(Cat(head.p.kind == Kind.EVENT for head in heads) & ~done),
            silent.eq(Cat(head.p.kind == Kind.EVENT_END for head in heads) & ~done),
            marker.eq((~(spiking | silent | done)).all()),
        ]

        # The first position wins; among equals the first slice.
        first = Signal(count)
        for k, head in enumerate(heads):
            place = Cat(head.p.x, head.p.y)
            wins = spiking[k]
            for j, other in enumerate(heads):
                if j != k:
                    other_place = Cat(other.p.x, other.p.y)
                    before = other_place <= place if j < k else other_place < place
                    wins = wins & ~(spiking[j] & before)
            m.d.comb += first[k].eq(wins)

        # A marker and a packet leave through the output register; empty events need no room.
        leaves = Signal()
        go = Signal()
        finished = Signal(count)
        ends = Signal()  # the event at hand ends, and with it a fork's
        if self.link.level_bits:
            fork = Cat((first[k] | silent[k]) & head.p.level.any() for k, head in enumerate(heads))
            m.d.comb += ends.eq(finished.all() & fork.any())
        m.d.comb += [
            leaves.eq(marker | spiking.any() | ends),
            go.eq(known & (~leaves | ~self.o.valid | self.o.ready)),
        ]
        with m.If(go):
            m.d.sync += done.eq(Mux(finished.all() | marker, 0, finished))
        packet: Any = Signal(self.link.layout)
        chosen = 0
        starts = accumulate((part.blocks for part in self.slices), initial=0)
        for k, (head, start) in enumerate(zip(heads, starts, strict=False)):
            passed = Signal(self.slices[k].count_bits, name=f"passed_{k}")
            spent = Signal(name=f"spent_{k}")
            m.d.comb += [
                spent.eq(passed == self.slices[k].count(head.p)),
                finished[k].eq(done[k] | silent[k] | (first[k] & head.p.last)),
                head.ready.eq(go & (marker | first[k] | (silent[k] & spent))),
            ]
            with m.If(go & silent[k]):
                m.d.sync += passed.eq(Mux(spent, 0, passed + 1))
            mine: Any = Signal(self.link.layout, name=f"packet_{k}")
            m.d.comb += [
                mine.kind.eq(head.p.kind),
                mine.y.eq(head.p.y),
                mine.x.eq(head.p.x),
                mine.block.eq(head.p.block + start),
                mine.mask.eq(head.p.mask),
            ]
            select = first[k] | marker if k == 0 else first[k]
            chosen = chosen | Mux(select, mine.as_value(), 0)
        m.d.comb += packet.eq(chosen)
        if self.link.level_bits:
            m.d.comb += packet.last.eq(ends & spiking.any())
            with m.If(ends & ~spiking.any()):
                m.d.comb += packet.kind.eq(Kind.EVENT_END)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(go & leaves):
            m.d.sync += [self.o.valid.eq(1), self.o.p.eq(packet)]
        return m
