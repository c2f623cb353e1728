"""Merger: lists of a layer's tiles into one, or a fork's list into that of the longer path."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.lists import NO_INDEX, TOKEN_LAYOUT, TokenKind
from tickless.hw.passes.words import INDEX_BITS
from tickless.hw.streams import Buffer

__all__ = ["MergeMode", "Merger", "PairMerger"]


class MergeMode(enum.Enum, shape=unsigned(2)):
    """What is merged, and which index the merged list carries.

    Members
    -------
    PLAIN
        Tiles; no index.
    EVENT
        Tiles; the number of the source's event.
    SOURCE
        Tiles; the index of the source's event.
    JOIN
        The source is a fork's list, the first tile that of the longer path; the number of the
        fork's event.
    """

    PLAIN = 0
    EVENT = 1
    SOURCE = 2
    JOIN = 3


class PairMerger(wiring.Component):
    """Merger of two lists by index and position, equal ones of the first list first; a marker goes
    on when both lists have it. Takes a token in two clocks, one for the comparison, which is as
    fast as an SDRAM gives and takes their words; of one list alone a token a clock.

    Members
    -------
    alone : In(1)
        Whether there is only the first list.
    i : In(stream).array(2)
        Tokens of the lists.
    o : Out(stream)
        Tokens.
    """

    alone: Signal
    i: Sequence[stream.Interface]
    o: stream.Interface

    def __init__(self):
        streams = stream.Signature(TOKEN_LAYOUT)
        super().__init__({"alone": In(1), "i": In(streams).array(2), "o": Out(streams)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = Buffer(TOKEN_LAYOUT)
        connect(m, buffer.o, flipped(self.o))
        first, second = self.i
        # A marker comes behind all events.
        marked, order = Signal(2), Signal()
        keys = [Cat(each.p.x, each.p.y, each.p.index) for each in self.i]
        compared, from_second, from_both, moves = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            marked.eq(Cat(each.p.kind != TokenKind.EVENT for each in self.i)),
            order.eq(keys[1] < keys[0]),
            buffer.i.valid.eq(compared | (self.alone & first.valid)),
            moves.eq(buffer.i.valid & buffer.i.ready),
            first.ready.eq(moves & ~from_second),
            second.ready.eq(moves & (from_second | from_both)),
            buffer.i.payload.eq(first.payload),
        ]
        m.d.sync += [
            compared.eq(~self.alone & first.valid & second.valid & ~moves),
            from_second.eq(~self.alone & ~marked[1] & (marked[0] | order)),
            from_both.eq(~self.alone & marked.all()),
        ]
        with m.If(from_second):
            m.d.comb += buffer.i.payload.eq(second.payload)
        return m


class Merger(wiring.Component):
    """Merger of lists: `sim.passes.list_model` says what it does. Takes a token in two clocks.

    The tiles' lists are merged two by two, in a tree, whose list then meets the source.

    Parameters
    ----------
    tiles : int
        Lists that can be merged.

    Members
    -------
    mode : In(MergeMode)
        What is merged.
    used : In
        Lists that are; at least one.
    source : In(stream)
        Tokens of the list that the tiles' passes read, or of the fork.
    tiles : In(stream).array(tiles)
        Tokens of the tiles' lists, in their order.
    o : Out(stream)
        Tokens.
    """

    mode: Any
    used: Signal
    source: stream.Interface
    tiles: Sequence[stream.Interface]
    o: stream.Interface

    def __init__(self, tiles: int):
        self.count = tiles
        streams = stream.Signature(TOKEN_LAYOUT)
        super().__init__(
            {
                "mode": In(MergeMode),
                "used": In(range(tiles + 1)),
                "source": In(streams),
                "tiles": In(streams).array(tiles),
                "o": Out(streams),
            }
        )

    def elaborate(self, platform):
        m = Module()
        source, out, made = self.source, self.o, self._tree(m)
        joining, is_event, is_due = Signal(), Signal(), Signal()
        mode = Signal(MergeMode)  # beside what it chooses, as it holds for a whole merge
        m.d.sync += mode.eq(self.mode)
        number = Signal(INDEX_BITS)  # of the source's event, or of the fork's next one
        m.d.comb += [
            joining.eq(mode == MergeMode.JOIN),
            is_event.eq(source.p.kind == TokenKind.EVENT),
            # Behind an event comes what it made: what a fork's next event makes is not yet due.
            is_due.eq(
                (made.p.kind == TokenKind.EVENT)
                & (Cat(joining, made.p.index) <= Cat(Const(0), number))
                & (joining | is_event)
            ),
            out.p.eq(source.p),
        ]
        with m.If(~source.valid | ~made.valid):
            pass
        with m.Elif(made.p.kind == TokenKind.READ):
            # READs of a path are those of its fork.
            m.d.comb += made.ready.eq(1)
        with m.Elif(is_due):
            m.d.comb += [out.p.eq(made.p), out.valid.eq(1), made.ready.eq(out.ready)]
            with m.Switch(mode):
                with m.Case(MergeMode.PLAIN):
                    m.d.comb += out.p.index.eq(NO_INDEX)
                with m.Case(MergeMode.SOURCE):
                    m.d.comb += out.p.index.eq(source.p.index)
        with m.Elif(is_event):
            m.d.comb += [
                out.valid.eq(joining),
                out.p.index.eq(number),
                source.ready.eq(~joining | out.ready),
            ]
            with m.If(source.ready):
                m.d.sync += number.eq(number + 1)
        with m.Else():
            m.d.comb += [out.valid.eq(1), source.ready.eq(out.ready)]
            with m.If((source.p.kind != TokenKind.READ) & out.ready):
                m.d.comb += made.ready.eq(1)
                m.d.sync += number.eq(0)
        return m

    def _tree(self, m: Module) -> Any:
        """The tiles' lists as one."""
        lists = list(enumerate(flipped(tile) for tile in self.tiles))  # first tile of each
        while len(lists) > 1:
            merged = []
            for (tile, one), (behind, other) in zip(lists[::2], lists[1::2], strict=False):
                m.submodules[f"pair_{tile}_{behind}"] = pair = PairMerger()
                connect(m, one, pair.i[0])
                connect(m, other, pair.i[1])
                # It holds for a whole merge: its last register can lie beside the pair.
                alone = Signal(name=f"alone_{tile}_{behind}")
                m.d.sync += [alone.eq(behind >= self.used), pair.alone.eq(alone)]
                merged.append((tile, pair.o))
            if len(lists) % 2:
                merged.append(lists[-1])
            lists = merged
        return lists[0][1]
