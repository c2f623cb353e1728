"""Merger against the pass model, with words that come and go at any time."""

import random
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.gen.passes.program import IndexFrom
from tickless.host.event_lists import ListWriter
from tickless.hw.passes.lists import ListDecoder, ListEncoder, TokenKind
from tickless.hw.passes.merger import MergeMode, Merger
from tickless.hw.passes.words import Marker
from tickless.sim.passes import list_model

TILES = 3
MODES: dict[MergeMode, IndexFrom] = {
    MergeMode.PLAIN: "none",
    MergeMode.EVENT: "event",
    MergeMode.SOURCE: "source",
}


def lists(rng: random.Random, indexed: bool, tiles: int) -> tuple[list[int], list[list[int]]]:
    """A list of two recordings with READs, and the lists of tiles that it might make."""
    source, made = ListWriter(), [ListWriter() for _ in range(tiles)]
    for _ in range(2):
        index = -1
        for number in range(12):
            if rng.random() < 0.2:
                source.marker(Marker.READ)
            index += rng.choice([0, 0, 1, 2]) if index >= 0 and indexed else int(indexed)
            source.event(rng.randrange(8), rng.randrange(9), rng.randrange(9), index)
            for tile, out in enumerate(made):
                places = sorted({(rng.randrange(4), rng.randrange(9)) for _ in range(2)})
                for y, x in places[: rng.choice([0, 0, 1, 2])]:
                    for lane in range(rng.choice([1, 2])):
                        out.event(4 * tile + lane, y, x, number)
        for out in (source, *made):
            out.marker(Marker.END)
    for out in (source, *made):
        out.marker(Marker.STOP)
    return source.words, [out.words for out in made]


def merged(mode: MergeMode, source, tiles, expected: list[int], chance: float) -> list[int]:
    """Words that the merger gives; as many as are expected."""
    m = Module()
    m.submodules.merger = merger = Merger(TILES)
    m.submodules.encoder = encoder = ListEncoder()
    connect(m, merger.o, encoder.i)
    senders = []
    for index, words in enumerate([source, *tiles]):
        m.submodules[f"decoder_{index}"] = decoder = ListDecoder()
        connect(m, decoder.o, merger.source if index == 0 else merger.tiles[index - 1])
        senders.append(send(decoder.i, words, chance, index))
    m.d.comb += [merger.mode.eq(mode), merger.used.eq(len(tiles))]
    process, taken = collect(encoder.o, len(expected), int, chance, 9)
    simulate(m, *senders, process)
    return taken


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tiles", [1, 3])
def test_tiles_are_merged_in_golden_order(mode, pattern, tiles):
    rng = random.Random(tiles)
    source, made = lists(rng, mode == MergeMode.SOURCE, tiles)
    expected = list_model.merge(source, made, MODES[mode])
    assert merged(mode, source, made, expected, PATTERNS[pattern]) == expected


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_fork_is_merged_into_the_longer_path(pattern):
    fork, (path,) = lists(random.Random(1), False, 1)
    # The path's list has the READs of its fork, wherever they come among its events.
    carried = list_model.merge(fork, [path], "event")
    expected = list_model.join(fork, carried)
    assert merged(MergeMode.JOIN, fork, [carried], expected, PATTERNS[pattern]) == expected


@pytest.mark.parametrize("used", [1, TILES])
def test_a_token_takes_two_clocks(used):
    """For the comparison; one list alone is not compared, and the source's events go by between."""
    merger = Merger(TILES)
    numbers = range(60)
    end = [{"kind": kind} for kind in (TokenKind.END, TokenKind.STOP)]
    made: list[list[Any]] = [[] for _ in range(TILES)]
    for number in numbers:
        for x in range(3):
            event = {"kind": TokenKind.EVENT, "x": x, "index": number}
            made[(number + x) % used].append(event)
    senders = [
        send(one, tokens, 1.0, 1)
        for one, tokens in zip(
            [merger.source, *merger.tiles[:used]],
            [[{"kind": TokenKind.EVENT}] * len(numbers) + end, *(one + end for one in made[:used])],
            strict=True,
        )
    ]
    out = 3 * len(numbers) + len(end)
    clocks = 0

    async def count(ctx):
        nonlocal clocks
        ctx.set(merger.mode, MergeMode.PLAIN)
        ctx.set(merger.used, used)
        ctx.set(merger.o.ready, 1)
        taken = 0
        while taken < out:
            clocks += 1
            taken += ctx.get(merger.o.valid)
            await ctx.tick()

    simulate(merger, *senders, count)
    levels = 2  # of the tree
    if used == 1:
        heard = 2  # of how many lists there are
        assert clocks == heard + levels + out + len(numbers)
    else:
        assert 2 * out <= clocks <= 2 * (levels + out)
