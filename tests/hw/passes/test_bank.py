"""Bank: membranes and spikes are those of a sum, a threshold and a clamp, one update after the
other, however close together updates of the same word come."""

import numpy as np
import pytest

from tests.hw.stream_io import simulate
from tickless.hw.passes.bank import Bank
from tickless.hw.passes.shape import EngineShape

SHAPE = EngineShape(lanes=3, membrane_bits=8, weight_bits=5, bank_words=4)
CEIL = 63


def updates(rng: np.random.Generator, gaps: float):
    """Address, weights and lanes of each update; None where there is none."""
    for _ in range(400):
        if rng.random() < gaps:
            yield None
        else:
            lanes = rng.random(SHAPE.lanes) < 0.8
            weights = np.where(lanes, rng.integers(-16, 16, SHAPE.lanes), 0)
            yield int(rng.choice([0, 0, 0, 1, 2, 3])), weights, lanes


def expected(sequence, thresholds, floors, zero: bool):
    """Lanes that fire of each update, and the words in the end."""
    words = np.zeros((SHAPE.bank_words, SHAPE.lanes), int)
    fires = []
    for each in sequence:
        fired = np.zeros(SHAPE.lanes, bool)
        if each is not None:
            address, weights, lanes = each
            total = words[address] + weights
            fired = (total >= thresholds) & lanes
            left = np.where(fired, 0 if zero else total - thresholds, total)
            words[address] = np.where(lanes, np.clip(left, floors, CEIL), words[address])
        fires.append(fired.tolist())
    return fires, words


@pytest.mark.parametrize("gaps", [0.0, 0.3])
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("thresholds", [[5, 20, 64], [1, 3, 40]])
def test_updates_of_a_word_in_a_row_add_up(gaps, zero, thresholds):
    rng = np.random.default_rng(1)
    sequence = list(updates(rng, gaps))
    floors = [-1, -7, -40]
    fires, words = expected(sequence, np.array(thresholds), np.array(floors), zero)
    bank = Bank(SHAPE)
    found, swept = [], []

    async def process(ctx):
        for neuron, threshold, floor in zip(bank.neurons, thresholds, floors, strict=True):
            ctx.set(neuron.threshold, threshold)
            ctx.set(neuron.floor, floor)
            ctx.set(neuron.ceil, 0 if zero else CEIL)
        padded = [None, None, None, *sequence, None, None, None]
        for clock in range(3, len(padded)):
            # Weights come a clock behind an update, lanes two, and what fires three.
            now, weighed, reached = (padded[clock - late] for late in (0, 1, 2))
            ctx.set(bank.update.valid, now is not None)
            ctx.set(bank.update.address, 0 if now is None else now[0])
            ctx.set(bank.weights, [0] * SHAPE.lanes if weighed is None else weighed[1].tolist())
            lanes = [] if reached is None else reached[2].nonzero()[0].tolist()
            ctx.set(bank.lanes, sum(1 << lane for lane in lanes))
            fired = ctx.get(bank.fired)
            found.append([bool(fired >> lane & 1) for lane in range(SHAPE.lanes)])
            await ctx.tick()
        for address in range(SHAPE.bank_words):
            ctx.set(bank.update, {"valid": 0, "clear": 1, "address": address})
            await ctx.tick()
            swept.append([ctx.get(bank.swept[lane]) for lane in range(SHAPE.lanes)])
        ctx.set(bank.update.clear, 0)
        await ctx.tick().repeat(2)
        for address in range(SHAPE.bank_words):
            ctx.set(bank.update.address, address)
            await ctx.tick()
            assert [ctx.get(bank.swept[lane]) for lane in range(SHAPE.lanes)] == [0] * SHAPE.lanes

    simulate(bank, process)
    assert any(map(any, fires))
    assert found[3:] == fires
    assert swept == words.tolist()
