from functools import partial

import numpy as np
import pytest
import torch

from tickless.sw.data.augment import PAPER, Compose, Cut, Drop, Flip, Roll, Turn
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


def test_drop_loses_any_share_up_to_the_most():
    sample = make([(0, 1, 2)] * 2000)
    chance = generator()
    kept = [len(Drop(0.4)(sample, chance)) / 2000 for _ in range(300)]
    assert 0.57 < min(kept) < 0.63
    assert max(kept) > 0.98
    assert np.mean(kept) == pytest.approx(0.8, abs=0.03)
    assert len(Drop(0)(sample, chance)) == 2000


def test_cut_leaves_a_beginning_of_any_length_down_to_the_least():
    sample = make([(0, index // 40, index % 40) for index in range(2000)])
    chance = generator()
    cut = [Cut(0.6)(sample, chance) for _ in range(300)]
    for each in cut:
        assert np.array_equal(each.addresses, sample.addresses[: len(each)])
        assert np.array_equal(each.t_us, sample.t_us[: len(each)])
    kept = np.array([len(each) for each in cut]) / 2000
    assert 0.38 < kept.min() < 0.43
    assert kept.max() > 0.97
    assert kept.mean() == pytest.approx(0.7, abs=0.03)
    assert len(Cut(0)(sample, chance)) == 2000


def test_what_is_left_are_events_of_the_sample_in_their_order():
    left = Drop(0.9)(SAMPLE, generator(2))
    assert 0 < len(left) < len(SAMPLE)
    rows = {
        tuple(row): time for row, time in zip(SAMPLE.addresses.tolist(), SAMPLE.t_us, strict=True)
    }
    assert [rows[tuple(row)] for row in left.addresses.tolist()] == left.t_us.tolist()
    assert (np.diff(left.t_us) > 0).all()


def test_turn_by_a_quarter_moves_each_pixel_to_its_place():
    sample = make([(1, 3, 40), (0, 60, 20)], (2, 64, 64))

    class Most:
        """Chance that is always the most."""

        def uniform(self, low, high, size=None):
            return high if size is None else np.zeros(size)

        def random(self, size):
            return np.full(size, 0.5)

    turned = Turn(90, 0.1)(sample, Most())  # pyright: ignore[reportArgumentType]
    assert turned.addresses.tolist() == [[1, 23, 3], [0, 43, 60]]


def test_turn_stretches_about_the_middle():
    sample = make([(0, 10, 10)] * 100 + [(0, 32, 32)] * 100, (2, 64, 64))
    chance = generator()
    moves = [Turn(0, 0.25)(sample, chance) for _ in range(200)]
    far = np.array([[each.y[:100].mean(), each.x[:100].mean()] for each in moves])
    # 22 pixels from the middle become 16.5 to 27.5, in each direction by itself.
    assert far.min() == pytest.approx(4.5, abs=0.6)
    assert far.max() == pytest.approx(15.5, abs=0.6)
    assert abs(np.corrcoef(far.T)[0, 1]) < 0.3
    assert all(abs(each.y[100:] - 32).max() <= 1 for each in moves)


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


def test_places_of_rows_and_columns_are_those_of_the_events():
    chance = generator(7)
    samples = [
        make(np.stack([chance.integers(0, most, 300) for most in (2, 64, 128)], 1))
        for _ in range(12)
    ]
    batch = FrameSource([(sample, 0) for sample in samples], SAMPLE.sensor)
    chosen, shifts = chance.permutation(12), chance.integers(-3, 4, (12, 2))
    for transform in (PAPER, Compose((Flip(1),)), Compose((Roll(90), Flip(), Roll(3))), Compose()):
        assert transform.moves
        alone, together = generator(1), generator(1)
        expected = batch.frames(chosen, 4, shifts, partial(transform, generator=alone))
        places = [transform.places(batch.sensor, together) for _ in chosen]
        assert torch.equal(batch.frames(chosen, 4, shifts, places=places), expected)
        assert alone.random() == together.random()
    assert not Compose((Flip(), Drop())).moves


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (Flip, 1.5),
        (Flip, -0.1),
        (Roll, -1),
        (Roll, 128),
        (Cut, -0.1),
        (Cut, 1),
        (Drop, 1.1),
        (Turn, -1),
        (Turn, 181),
    ],
)
def test_bad_settings(made, value):
    names = "probability|pixels|most|degrees"
    with pytest.raises(ValueError, match=rf"({names}) = {value}: expected 0 to"):
        made(value)
    with pytest.raises(ValueError, match=r"stretch = 1: expected 0 to less than 1"):
        Turn(stretch=1)
