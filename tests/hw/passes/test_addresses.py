"""Addresses of events: edge, channel and first step in the tables, for every event and marker."""

import random

import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.passes.addresses import EventAddresses
from tickless.hw.passes.lists import NO_INDEX, TokenKind
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.words import CHANNEL_BITS

SHAPE = EngineShape(table_words=100)


def tokens(rng: random.Random):
    """Two recordings whose events come by one, two or three for an index."""
    for _ in range(2):
        for index in range(20):
            for _ in range(rng.choice([1, 1, 2, 3])):
                channel, y, x = rng.randrange(512), rng.randrange(12), rng.randrange(12)
                yield TokenKind.EVENT, channel, y, x, index
            if rng.random() < 0.2:
                yield TokenKind.READ, 0, 0, 0, 0
        yield TokenKind.END, 0, 0, 0, 0
    yield TokenKind.STOP, 0, 0, 0, 0


def expected(sequence, joined: bool, row_steps, column_steps):
    """Kind of each, and of events whether they are of several steps, and the addresses."""
    last = NO_INDEX
    for kind, channel, y, x, index in sequence:
        if kind == TokenKind.EVENT:
            edge = int(joined and index != last)
            last = index
            rows, columns = row_steps[edge], column_steps[edge]
            table = edge * SHAPE.table_words
            row, column = table + (y << rows), table + (x << columns)
            yield kind, rows + columns > 0, edge << CHANNEL_BITS | channel, row, column
        else:
            yield kind
            last = last if kind == TokenKind.READ else NO_INDEX


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("joined", [False, True])
def test_the_first_event_of_an_index_is_of_a_joins_second_edge(joined, pattern):
    sequence = list(tokens(random.Random(1)))
    row_steps, column_steps = (0, 3), (0, 2)
    addresses = EventAddresses(SHAPE)

    def found(p):
        kind = TokenKind(p.kind)
        if kind != TokenKind.EVENT:
            return kind
        return kind, bool(p.several), p.channel, p.row, p.column

    async def load(ctx):
        ctx.set(addresses.registers.joined, joined)
        ctx.set(addresses.registers.row_steps, row_steps)
        ctx.set(addresses.registers.column_steps, column_steps)
        words = [
            dict(zip(("kind", "channel", "y", "x", "index"), t, strict=True)) for t in sequence
        ]
        await send(addresses.i, words, PATTERNS[pattern], 3)(ctx)

    wanted = list(expected(sequence, joined, row_steps, column_steps))
    process, taken = collect(addresses.o, len(wanted), found, PATTERNS[pattern], 2)
    simulate(addresses, load, process)
    assert taken == wanted
