from functools import partial

import numpy as np
import pytest
import torch

from tickless.sw.data.augment import PAPER, Compose, Flip, Roll
from tickless.sw.data.events import Events
from tickless.sw.data.frames import FrameSource


def make(rows, sensor=(2, 64, 128)):
    channel, y, x = np.array(rows, np.int32).reshape(-1, 3).T
    return Events(channel.copy(), y.copy(), x.copy(), np.arange(len(rows)), sensor)


SAMPLE = make([(0, 0, 0), (1, 63, 127), (1, 20, 5), (0, 20, 6)])


def generator(seed=0):
    return np.random.default_rng(seed)


def test_flip():
    flipped = Flip(1)(SAMPLE, generator())
    assert flipped.addresses.tolist() == [[0, 0, 127], [1, 63, 0], [1, 20, 122], [0, 20, 121]]
    assert np.array_equal(flipped.t_us, SAMPLE.t_us)
    assert Flip(0)(SAMPLE, generator()) is SAMPLE
    assert np.array_equal(Flip(1)(flipped, generator()).addresses, SAMPLE.addresses)


def test_flip_is_as_frequent_as_it_says():
    chance = generator()
    flipped = sum(Flip(0.25)(SAMPLE, chance) is not SAMPLE for _ in range(2000))
    assert flipped == pytest.approx(500, abs=80)


def test_roll_is_scaled_to_the_sensor_and_reaches_every_place():
    chance = generator()
    moves = set()
    for _ in range(4000):
        rolled = Roll(20)(make([(1, 32, 64)]), chance)
        moves.add((int(rolled.y[0]) - 32, int(rolled.x[0]) - 64))
    assert {y for y, _ in moves} == set(range(-10, 11))
    assert {x for _, x in moves} == set(range(-20, 21))


def test_roll_wraps_and_loses_nothing():
    chance = generator(3)
    for _ in range(20):
        rolled = Roll(127)(SAMPLE, chance)
        assert rolled.inside.all()
        move = (rolled.addresses - SAMPLE.addresses) % (2, 64, 128)
        assert (move == move[0]).all()
        assert np.array_equal(rolled.channel, SAMPLE.channel)


def test_events_outside_the_sensor_stay_outside():
    sample = make([(0, 5, 128), (2, 0, 0), (0, -1, 3), (0, 5, 5)])
    transform = Compose((Flip(1), Roll(20)))
    for seed in range(20):
        assert transform(sample, generator(seed)).inside.tolist() == [False] * 3 + [True]


def test_the_seed_alone_decides():
    made = [PAPER(SAMPLE, generator(seed)).addresses.tolist() for seed in range(50)]
    assert made == [PAPER(SAMPLE, generator(seed)).addresses.tolist() for seed in range(50)]
    assert len({str(rows) for rows in made}) > 40


def test_a_chain_of_nothing_and_an_empty_sample():
    assert Compose()(SAMPLE, generator()) is SAMPLE
    assert len(PAPER(make([]), generator())) == 0


def test_frames_of_transformed_samples():
    batch = FrameSource([(SAMPLE, 0), (make([(1, 3, 4)]), 1)], SAMPLE.sensor)
    flip = partial(Flip(1), generator=generator())
    plain, flipped = batch.frames([1, 0, 1], 3), batch.frames([1, 0, 1], 3, transform=flip)
    assert torch.equal(flipped, plain.flip(-1))
    moves = np.array([[0, 2]] * 3)
    moved = batch.frames([1, 0, 1], 3, moves, flip)
    assert torch.equal(moved[..., 2:], flipped[..., :-2])
    rolled = batch.frames([1, 0, 1], 3, transform=partial(Roll(), generator=generator(1)))
    assert not torch.equal(rolled, plain)
    assert torch.equal(rolled.sum((2, 3, 4)), plain.sum((2, 3, 4)))


@pytest.mark.parametrize(("made", "value"), [(Flip, 1.5), (Flip, -0.1), (Roll, -1), (Roll, 128)])
def test_bad_settings(made, value):
    with pytest.raises(ValueError, match=rf"(probability|pixels) = {value}: expected 0 to"):
        made(value)
