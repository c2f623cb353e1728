import gc
import random

import pytest

from tests.hw.stream_io import simulate
from tickless.hw.core.lead import Lead


@pytest.mark.parametrize("classes", [2, 3, 5, 10, 16])
def test_finds_the_two_largest(classes):
    bits = 6
    rng = random.Random(classes)
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    sets = [[low] * classes, [high] * classes, [high, *[low] * (classes - 1)]]
    for spread in (1, 5, high):
        sets += [[rng.randint(-spread, spread) for _ in range(classes)] for _ in range(100)]
    dut = Lead(classes, bits)
    got = []

    async def drive(ctx):
        for values in [*sets, *[[0] * classes] * dut.delay]:
            ctx.set(dut.i, values)
            await ctx.tick()
            got.append((ctx.get(dut.class_index), ctx.get(dut.lead)))

    simulate(dut, drive, clocks=len(sets) + 20)
    expected = []
    for values in sets:
        best, second, *_ = sorted(values, reverse=True)
        expected.append((values.index(best), best - second))
    assert got[dut.delay - 1 : -1] == expected


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_one_class_has_no_lead():
    with pytest.raises(ValueError, match="classes = 1: expected at least 2"):
        Lead(1, 8)
    gc.collect()
