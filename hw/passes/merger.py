"""Merger: lists of a layer's tiles into one, or a fork's list into that of the longer path."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.lists import NO_INDEX, TOKEN_LAYOUT, TokenKind
from tickless.hw.passes.words import COORDINATE_BITS, INDEX_BITS

__all__ = ["MergeMode", "Merger"]


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


class Merger(wiring.Component):
    """Merger of lists: `sim.passes.list_model` says what it does. Gives at most a token a clock.

    Parameters
    ----------
    tiles : int
        Lists that can be merged.

    Members
    -------
    mode : In(MergeMode)
        What is merged.
    used : In
        Lists that are.
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
        source, out = self.source, self.o
        joining = Signal()
        number = Signal(INDEX_BITS)  # of the source's event, or of the fork's next one
        m.d.comb += joining.eq(self.mode == MergeMode.JOIN)
        # Behind the fork's event number - 1 comes what the path made of it.
        wanted = Signal(INDEX_BITS)
        m.d.comb += wanted.eq(Mux(joining, number - 1, number))

        head = data.StructLayout(
            {"none": 1, "y": COORDINATE_BITS, "x": COORDINATE_BITS, "tile": ceil_log2(self.count)}
        )
        heads, present, passed = [], [], []
        for index, tile in enumerate(self.tiles):
            used, here = index < self.used, Signal(head, name=f"head_{index}")
            waits = (tile.p.kind == TokenKind.EVENT) & (tile.p.index == wanted)
            order: Any = here
            m.d.comb += [
                order.none.eq(~(used & waits & ~(joining & (wanted == NO_INDEX)))),
                order.y.eq(tile.p.y),
                order.x.eq(tile.p.x),
                order.tile.eq(index),
            ]
            heads.append(order)
            present.append(~used | tile.valid)
            passed.append(used & tile.valid & (tile.p.kind == TokenKind.READ))

        def first(one: Any, other: Any) -> Any:
            """The head that comes first; of equal ones the first given."""
            ahead = Cat(other.x, other.y, other.none) < Cat(one.x, one.y, one.none)
            chosen: Any = Signal(head)
            m.d.comb += chosen.eq(Mux(ahead, other.as_value(), one.as_value()))
            return chosen

        while len(heads) > 1:
            heads = [reduce(first, heads[k : k + 2]) for k in range(0, len(heads), 2)]
        (best,) = heads
        ready, reading = Cat(present).all(), Cat(passed).any()
        m.d.comb += out.p.eq(source.p)
        with m.If(source.valid & ready & reading):
            # READs of a path are those of its fork.
            for tile, passes in zip(self.tiles, passed, strict=True):
                m.d.comb += tile.ready.eq(passes)
        with m.Elif(source.valid & ready & ~best.none & (joining | self._is_event())):
            m.d.comb += out.valid.eq(1)
            for index, tile in enumerate(self.tiles):
                with m.If(best.tile == index):
                    m.d.comb += [out.p.eq(tile.p), tile.ready.eq(out.ready)]
            with m.Switch(self.mode):
                with m.Case(MergeMode.PLAIN):
                    m.d.comb += out.p.index.eq(NO_INDEX)
                with m.Case(MergeMode.EVENT):
                    m.d.comb += out.p.index.eq(number)
                with m.Case(MergeMode.SOURCE):
                    m.d.comb += out.p.index.eq(source.p.index)
        with m.Elif(source.valid & ready & self._is_event()):
            m.d.comb += [
                out.valid.eq(joining),
                out.p.index.eq(number),
                source.ready.eq(~joining | out.ready),
            ]
            with m.If(source.ready):
                m.d.sync += number.eq(number + 1)
        with m.Elif(source.valid & ready):
            m.d.comb += [out.valid.eq(1), source.ready.eq(out.ready)]
            with m.If((source.p.kind != TokenKind.READ) & out.ready):
                m.d.sync += number.eq(0)
                for index, tile in enumerate(self.tiles):
                    m.d.comb += tile.ready.eq(index < self.used)
        return m

    def _is_event(self) -> Any:
        return self.source.p.kind == TokenKind.EVENT
