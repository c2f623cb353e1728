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

GROUP = 8
"""Lists whose first token is found in a clock; that of all groups is found in the next one."""


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
    """Merger of lists: `sim.passes.list_model` says what it does. Takes two clocks for a token: as
    many words move for it to and from the SDRAM.

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
        joining, is_event = Signal(), Signal()
        number = Signal(INDEX_BITS)  # of the source's event, or of the fork's next one
        following = Signal.like(number)
        m.d.comb += [
            joining.eq(self.mode == MergeMode.JOIN),
            is_event.eq(source.p.kind == TokenKind.EVENT),
            following.eq(number),
        ]
        # Behind the fork's event number - 1 comes what the path made of it.
        wanted = Signal(INDEX_BITS)
        m.d.sync += [number.eq(following), wanted.eq(Mux(joining, following - 1, following))]

        # First clock: the first token of each group, of those that follow the source's event.
        tiles, taken = self._held(m)
        head = data.StructLayout(
            {"none": 1, "y": COORDINATE_BITS, "x": COORDINATE_BITS, "tile": ceil_log2(self.count)}
        )
        heads, passes = [], Signal(self.count)
        for index, tile in enumerate(tiles):
            here: Any = Signal(head, name=f"head_{index}")
            waits = (tile.p.kind == TokenKind.EVENT) & (tile.p.index == wanted)
            m.d.comb += [
                here.none.eq(~(tile.valid & waits & ~(joining & (wanted == NO_INDEX)))),
                here.y.eq(tile.p.y),
                here.x.eq(tile.p.x),
                here.tile.eq(index),
                passes[index].eq(tile.valid & (tile.p.kind == TokenKind.READ)),
            ]
            heads.append((here, tile.p))
        present = Cat(~(index < self.used) | tile.valid for index, tile in enumerate(tiles)).all()
        chosen = []
        for start in range(0, self.count, GROUP):
            found = self._first(m, heads[start : start + GROUP])
            kept = (Signal(head, name=f"first_{start}"), Signal(TOKEN_LAYOUT, name=f"of_{start}"))
            m.d.sync += [one.eq(other) for one, other in zip(kept, found, strict=True)]
            chosen.append(kept)
        settled, reading, moves = Signal(), Signal(), Signal()
        m.d.sync += [settled.eq(source.valid & present & ~moves), reading.eq(passes.any())]

        # Second clock: the first of all, or what the source says.
        best, token = self._first(m, chosen)
        m.d.comb += [
            out.p.eq(source.p),
            moves.eq((source.valid & source.ready) | taken.any()),
        ]
        with m.If(settled & reading):
            # READs of a path are those of its fork.
            m.d.comb += taken.eq(passes)
        with m.Elif(settled & ~best.none & (joining | is_event)):
            m.d.comb += [
                out.valid.eq(1),
                out.p.eq(token),
                taken.eq(Mux(out.ready, 1 << best.tile, 0)),
            ]
            with m.Switch(self.mode):
                with m.Case(MergeMode.PLAIN):
                    m.d.comb += out.p.index.eq(NO_INDEX)
                with m.Case(MergeMode.EVENT):
                    m.d.comb += out.p.index.eq(number)
                with m.Case(MergeMode.SOURCE):
                    m.d.comb += out.p.index.eq(source.p.index)
        with m.Elif(settled & is_event):
            m.d.comb += [
                out.valid.eq(joining),
                out.p.index.eq(number),
                source.ready.eq(~joining | out.ready),
            ]
            with m.If(source.ready):
                m.d.comb += following.eq(number + 1)
        with m.Elif(settled):
            m.d.comb += [out.valid.eq(1), source.ready.eq(out.ready)]
            with m.If((source.p.kind != TokenKind.READ) & out.ready):
                m.d.comb += [following.eq(0), taken.eq(-1)]
        return m

    def _held(self, m: Module) -> tuple[list[Any], Signal]:
        """Tokens of the lists, each in a register, and by which of them are taken."""
        held: list[Any] = []
        taken = Signal(self.count)
        for index, tile in enumerate(self.tiles):
            one: Any = Signal(
                data.StructLayout({"valid": 1, "p": TOKEN_LAYOUT}), name=f"token_{index}"
            )
            m.d.comb += tile.ready.eq(~one.valid | taken[index])
            with m.If(tile.ready):
                m.d.sync += [one.valid.eq(tile.valid), one.p.eq(tile.p)]
            held.append(one)
        return held, taken

    def _first(self, m: Module, heads: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
        """The head that comes first, of equal ones the first given, and its token."""

        def first(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
            ahead = Signal()
            (head, token), (its_head, its_token) = one, other
            found = (Signal(head.shape()), Signal(TOKEN_LAYOUT))
            m.d.comb += [
                ahead.eq(
                    Cat(its_head.x, its_head.y, its_head.none) < Cat(head.x, head.y, head.none)
                ),
                found[0].eq(Mux(ahead, its_head.as_value(), head.as_value())),
                found[1].eq(Mux(ahead, its_token.as_value(), token.as_value())),
            ]
            return found

        heads = list(heads)
        while len(heads) > 1:
            heads = [reduce(first, heads[k : k + 2]) for k in range(0, len(heads), 2)]
        return heads[0]
