"""Decoder and encoder of event lists against the host's."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.host.event_lists import ListWriter
from tickless.hw.passes.lists import ListDecoder, ListEncoder
from tickless.hw.passes.words import Marker


def words(seed: int) -> list[int]:
    """A list of near and far events, with and without an index."""
    rng = random.Random(seed)
    out = ListWriter()
    for indexed in (False, True, False):
        index = -1
        for _ in range(60):
            if indexed:
                index += rng.choice([0, 0, 1, 3, 20_000])
            near = rng.random() < 0.6
            y, x = (rng.randrange(8 if near else 128) for _ in range(2))
            out.event(rng.randrange(512), y, x, index)
            if rng.random() < 0.1:
                out.marker(Marker.READ)
        out.marker(Marker.END)
    out.marker(Marker.STOP)
    return out.words


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_list_that_is_decoded_and_encoded_is_the_same_words(pattern):
    m = Module()
    m.submodules.decoder = decoder = ListDecoder()
    m.submodules.encoder = encoder = ListEncoder()
    connect(m, decoder.o, encoder.i)
    expected = words(1)
    chance = PATTERNS[pattern]
    process, taken = collect(encoder.o, len(expected), int, chance, 1)
    simulate(m, send(decoder.i, expected, chance, 2), process)
    assert taken == expected


def test_a_word_that_is_none_is_reported_and_not_taken():
    m = Module()
    m.submodules.decoder = decoder = ListDecoder()
    seen = []

    async def process(ctx):
        ctx.set(decoder.o.ready, 1)
        ctx.set(decoder.i.valid, 1)
        for word in (1, 2, 3, 0x1234):
            ctx.set(decoder.i.payload, word)
            seen.append((ctx.get(decoder.bad), ctx.get(decoder.i.ready)))
            await ctx.tick()

    simulate(m, process)
    assert seen == [(0, 1), (0, 1), (1, 0), (1, 0)]
