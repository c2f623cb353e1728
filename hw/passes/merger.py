"""Merger: lists of a layer's tiles into one, or a fork's list into that of the longer path."""

from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.lists import NO_INDEX, TOKEN_LAYOUT, TokenKind
from tickless.hw.passes.words import CHANNEL_BITS, COORDINATE_BITS, INDEX_BITS
from tickless.hw.streams import Buffer

__all__ = ["MergeMode", "Merger"]

GROUP = 4
"""Lists whose first token is found in a clock; that of all groups is found in the next one."""

HEAD_LAYOUT = data.StructLayout(
    {"valid": 1, "channel": CHANNEL_BITS, "y": COORDINATE_BITS, "x": COORDINATE_BITS}
)
"""Layout of the first event of a list, where it follows that of the source."""


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
    """Merger of lists: `sim.passes.list_model` says what it does. Takes three clocks for a token:
    no fewer words move to and from the SDRAM for one of a tile.

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
        wanted = Signal(INDEX_BITS)  # behind the fork's event number - 1 comes what the path made
        m.d.comb += [
            joining.eq(self.mode == MergeMode.JOIN),
            is_event.eq(source.p.kind == TokenKind.EVENT),
        ]
        following = Signal(INDEX_BITS)  # number + 1: moves are at least three clocks apart
        none_yet = Signal()  # whether the fork's first event is still to come: nothing is wanted
        m.d.sync += [
            following.eq(number + 1),
            wanted.eq(Mux(joining, number - 1, number)),
            none_yet.eq(joining & (number == 0)),
        ]

        # First clock: the first token of each group, of those that follow the source's event.
        tiles, taken = self._held(m)
        heads, reads = [], Signal(self.count)
        for index, tile in enumerate(tiles):
            here: Any = Signal(HEAD_LAYOUT, name=f"head_{index}")
            follows = (tile.p.kind == TokenKind.EVENT) & (tile.p.index == wanted)
            m.d.comb += [
                here.valid.eq(tile.valid & follows & ~none_yet),
                here.channel.eq(tile.p.channel),
                here.y.eq(tile.p.y),
                here.x.eq(tile.p.x),
                reads[index].eq(tile.valid & (tile.p.kind == TokenKind.READ)),
            ]
            heads.append(here)
        unused = Signal(self.count)
        m.d.sync += unused.eq(Cat(index >= self.used for index in range(self.count)))
        present = Cat(unused[index] | tile.valid for index, tile in enumerate(tiles)).all()
        chosen, winners = [], []
        for start in range(0, self.count, GROUP):
            kept: Any = Signal(HEAD_LAYOUT, name=f"first_{start}")
            found, wins = _first(m, heads[start : start + GROUP])
            of_group = Signal.like(wins, name=f"won_{start}")
            m.d.sync += [kept.eq(found), of_group.eq(wins)]
            chosen.append(kept)
            winners.append(of_group)
        settled, moves = Signal(), Signal()
        m.d.sync += settled.eq(source.valid & present & ~moves)

        # Second clock: the first of all.
        found, groups = _first(m, chosen)
        best: Any = Signal(HEAD_LAYOUT)
        won, passes = Signal(self.count), Signal(self.count)
        passing, decided = Signal(), Signal()
        m.d.sync += [
            best.eq(found),
            won.eq(Cat(Mux(one, wins, 0) for one, wins in zip(groups, winners, strict=True))),
            passes.eq(reads),
            passing.eq(reads.any()),
            decided.eq(settled & ~moves),
        ]

        # Third clock: that, or what the source says.
        m.d.comb += [out.p.eq(source.p), moves.eq(decided & (~out.valid | out.ready))]
        with m.If(decided & passing):
            # READs of a path are those of its fork.
            m.d.comb += taken.eq(passes)
        with m.Elif(decided & best.valid & (joining | is_event)):
            m.d.comb += [
                out.valid.eq(1),
                out.p.channel.eq(best.channel),
                out.p.y.eq(best.y),
                out.p.x.eq(best.x),
                out.p.kind.eq(TokenKind.EVENT),
            ]
            with m.If(out.ready):
                m.d.comb += taken.eq(won)
            with m.Switch(self.mode):
                with m.Case(MergeMode.PLAIN):
                    m.d.comb += out.p.index.eq(NO_INDEX)
                with m.Case(MergeMode.EVENT):
                    m.d.comb += out.p.index.eq(number)
                with m.Case(MergeMode.JOIN):
                    m.d.comb += out.p.index.eq(wanted)
        with m.Elif(decided & is_event):
            m.d.comb += [
                out.valid.eq(joining),
                out.p.index.eq(number),
                source.ready.eq(~joining | out.ready),
            ]
            with m.If(source.ready):
                m.d.sync += [
                    number.eq(following),
                    wanted.eq(Mux(joining, number, following)),
                    none_yet.eq(0),
                ]
        with m.Elif(decided):
            m.d.comb += [out.valid.eq(1), source.ready.eq(out.ready)]
            with m.If((source.p.kind != TokenKind.READ) & out.ready):
                m.d.comb += taken.eq(-1)
                m.d.sync += [
                    number.eq(0),
                    wanted.eq(Mux(joining, NO_INDEX, 0)),
                    none_yet.eq(joining),
                ]
        return m

    def _held(self, m: Module) -> tuple[list[Any], Signal]:
        """Tokens of the lists, each in a buffer, and by which of them are taken."""
        held: list[Any] = []
        taken = Signal(self.count)
        for index, tile in enumerate(self.tiles):
            m.submodules[f"tile_{index}"] = buffer = Buffer(TOKEN_LAYOUT)
            connect(m, flipped(tile), buffer.i)
            m.d.comb += buffer.o.ready.eq(taken[index])
            held.append(buffer.o)
        return held, taken


def _first(m: Module, heads: Sequence[Any]) -> tuple[Any, Signal]:
    """The head that comes first, of equal ones the first given, and which one it is; not valid if
    none is.

    All are compared with all at once: a tournament would take a comparison behind the other.
    """
    ahead = {}  # whether a later one comes before one given earlier
    for (i, one), (j, other) in combinations(enumerate(heads), 2):
        ahead[i, j] = Signal(name=f"ahead_{i}_{j}")
        m.d.comb += ahead[i, j].eq(Cat(other.x, other.y) < Cat(one.x, one.y))
    wins = Signal(len(heads))
    for i, one in enumerate(heads):
        beats = [
            ~other.valid | (~ahead[i, j] if i < j else ahead[j, i])
            for j, other in enumerate(heads)
            if j != i
        ]
        m.d.comb += wins[i].eq(one.valid & Cat(beats).all())
    found: Any = Signal(heads[0].shape())
    words = (
        one.as_value() & win.replicate(len(found.as_value()))
        for one, win in zip(heads, wins, strict=True)
    )
    m.d.comb += found.eq(reduce(or_, words))
    return found, wins
