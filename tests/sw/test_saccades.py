import numpy as np
import pytest

from sw.data import saccades
from sw.data.catalog import load
from sw.data.saccades import Camera, record

QUIET = Camera(contrast_spread=0, mismatch=0, noise_hz=0, wobble=0)


def test_deterministic():
    first, again = saccades.sample(3), saccades.sample(3)
    assert np.array_equal(first.addresses, again.addresses)
    assert np.array_equal(first.t_us, again.t_us)
    other = saccades.sample(3, variant=1)
    assert not np.array_equal(first.t_us[:100], other.t_us[:100])


def test_event_counts():
    counts = [len(saccades.sample(index)) for index in range(0, 1797, 30)]
    assert 3500 < np.mean(counts) < 4500
    assert min(counts) > 1000
    assert max(counts) < 9000


def test_recording_fills_three_saccades():
    events = saccades.sample(0)
    assert events.sensor == (2, 34, 34)
    assert events.inside.all()
    assert events.t_us[0] >= 0
    assert events.t_us[-1] < 306_000
    rates = np.histogram(events.t_us, np.arange(0, 307_000, 10_200))[0].reshape(3, 10)
    assert (rates[:, 4:6].mean(axis=1) > 2 * rates[:, [0, 9]].mean(axis=1)).all()


def test_black_image_is_silent():
    assert len(record(np.zeros((28, 28)), np.random.default_rng(0), QUIET)) == 0


def test_noise_rate():
    camera = Camera(noise_hz=10)
    events = record(np.zeros((28, 28)), np.random.default_rng(0), camera)
    assert len(events) == pytest.approx(10 * 0.306 * 34 * 34, rel=0.1)
    assert events.channel.mean() == pytest.approx(0.5, abs=0.05)


def test_polarity_of_a_moving_edge():
    # The first saccade moves the bright bar down: pixels below it brighten first.
    bar = np.zeros((28, 28))
    bar[10:14] = 1
    events = record(bar, np.random.default_rng(0), QUIET)
    early = events.t_us < 60_000
    brightened, darkened = (events.y[early & (events.channel == c)].mean() for c in (0, 1))
    assert brightened > darkened + 2


def test_refractory_period():
    events = record(np.ones((20, 20)), np.random.default_rng(0), Camera(noise_hz=0))
    pixel = events.y * 34 + events.x
    order = np.lexsort((events.t_us, pixel))
    same = np.diff(pixel[order]) == 0
    assert np.diff(events.t_us[order])[same].min() >= Camera().refractory_us - 1


def test_contrast_sets_the_count():
    image = np.ones((16, 16))
    counts = [
        len(record(image, np.random.default_rng(0), Camera(contrast=c, noise_hz=0)))
        for c in (0.1, 0.2, 0.4, 9.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


def test_splits_share_no_digit():
    train, test = saccades.digits("train"), saccades.digits("test")
    assert len(train) + len(test) == 1797
    assert len(test) == 500
    assert not {index for index, _ in train} & {index for index, _ in test}
    everything = load("saccades", "all")
    assert everything.labels == load("saccades", "train").labels + load("saccades", "test").labels


def test_unknown_names():
    with pytest.raises(ValueError, match="dataset = 'mnist': expected one of saccades, nmnist"):
        load("mnist", "test")
    with pytest.raises(ValueError, match="split = 'val': expected one of train, test, all"):
        load("saccades", "val")
