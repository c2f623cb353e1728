"""Spike queue: every lane that fired becomes a spike, in row-major order of positions."""

import random

import pytest

from tests.hw.stream_io import PATTERNS, collect, simulate
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.spikes import SpikeQueue

SHAPE = EngineShape(lanes=5)
UNDER_WAY = 8


def firings(rng: random.Random):
    """Lanes by positions, first position and number of each step; most fire nothing."""
    for number in range(60):
        lanes = [0] * (GRID * GRID)
        if rng.random() < 0.5:
            for place in rng.sample(range(GRID * GRID), rng.choice([1, 2, 9])):
                lanes[place] = rng.randrange(1, 1 << SHAPE.lanes)
        yield lanes, rng.randrange(100), rng.randrange(100), number


def spikes(lanes, y, x, number):
    return [
        (lane, y + place // GRID, x + place % GRID, number)
        for place, word in enumerate(lanes)
        for lane in range(SHAPE.lanes)
        if word >> lane & 1
    ]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_spikes_leave_in_order_and_none_is_lost(pattern):
    rng = random.Random(1)
    steps = list(firings(rng))
    expected = [spike for step in steps for spike in spikes(*step)]
    queue = SpikeQueue(SHAPE, UNDER_WAY)

    async def step(ctx):
        """Steps whose firings come `UNDER_WAY` clocks behind the look at ``room``."""
        coming: list = [None] * (UNDER_WAY - 1)
        left = list(steps)
        while left or any(coming):
            coming.append(left.pop(0) if left and ctx.get(queue.room) else None)
            lanes, y, x, number = coming.pop(0) or ([0] * (GRID * GRID), 0, 0, 0)
            ctx.set(queue.i, {"lanes": lanes, "y": y, "x": x, "number": number})
            await ctx.tick()
        ctx.set(queue.i.lanes, [0] * (GRID * GRID))

    process, taken = collect(
        queue.o, len(expected), lambda p: (p.lane, p.y, p.x, p.number), PATTERNS[pattern], 2
    )
    simulate(queue, step, process)
    assert taken == expected
