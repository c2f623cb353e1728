"""Loader: writes all words of an image, and answers whether its checksum is right."""

import random

import numpy as np
import pytest

from tests.gen.passes.test_image import SHAPE, memories
from tests.hw.stream_io import PATTERNS, simulate
from tests.random_networks import random_network, without_saturation
from tickless.gen.passes.program import make_program
from tickless.hw.passes.layouts import Region
from tickless.hw.passes.loader import PassLoader


def image() -> np.ndarray:
    network = without_saturation(random_network(np.random.default_rng(1), layers=1, size=5))
    return make_program(network, SHAPE).images[0][0]


def load(words: np.ndarray, chance: float) -> tuple[list[tuple[Region, int, int]], bool]:
    """Writes of an image, and whether the loader calls it right."""
    loader = PassLoader(SHAPE)
    writes = []
    right = []

    async def process(ctx):
        rng = random.Random(1)
        left = words.tolist()
        ctx.set(loader.start, 1)
        await ctx.tick()
        ctx.set(loader.start, 0)
        while not right:
            ctx.set(loader.i.valid, bool(left) and rng.random() < chance)
            ctx.set(loader.i.payload, left[0] if left else 0)
            if ctx.get(loader.i.valid) and ctx.get(loader.i.ready):
                left.pop(0)
            out = loader.o
            if ctx.get(out.region):
                writes.append(
                    (Region(ctx.get(out.region)), ctx.get(out.address), ctx.get(out.word))
                )
            if ctx.get(loader.done) or ctx.get(loader.bad):
                right.append(bool(ctx.get(loader.done)))
            await ctx.tick()

    simulate(loader, process)
    return writes, right[0]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_word_of_an_image_is_written_once(pattern):
    words = image()
    writes, right = load(words, PATTERNS[pattern])
    assert right
    expected = memories(SHAPE, words)
    found = {region: {} for region in expected}
    for region, address, word in writes:
        assert address not in found[region]
        stored = expected[region][address]
        found[region][address] = word & (1 << max(1, stored.bit_length())) - 1
    assert found == expected


@pytest.mark.parametrize("place", [1, 20, -2, -1])
def test_a_word_that_changed_is_found(place):
    words = image()
    words[place] ^= 4 if place > 1 or place < 0 else 1
    assert not load(words, 1.0)[1]


def test_a_region_that_is_none_is_found_at_once():
    words = image()
    words[0] = 7
    assert load(words, 1.0) == ([], False)
