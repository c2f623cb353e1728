import numpy as np
import pytest

from tickless.sw.data.camera import Camera, Motion, record

QUIET = Camera(contrast_spread=0, mismatch=0, noise_hz=0, wobble=0)


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


@pytest.mark.parametrize(
    ("made", "settings", "message"),
    [
        (Camera, {"contrast": 0}, "contrast = 0: expected above 0"),
        (Camera, {"refractory_us": -1}, "refractory_us = -1: expected at least 0"),
        (Motion, {"legs_ms": (100, 100)}, r"legs_ms = \(100, 100\): expected positive numbers"),
        (Motion, {"haste": (1, 0, 1)}, r"haste = \(1, 0, 1\): expected positive numbers"),
        (Motion, {"corners": ()}, r"legs_ms = .* expected .* of 0 corners"),
    ],
)
def test_impossible_settings(made, settings, message):
    with pytest.raises(ValueError, match=message):
        made(**settings)


def test_motion():
    motion = Motion(((0, 0), (10, 0), (10, 4)), (100, 50), (2.0, 1.0), (1.0, 3.0))
    places = motion.places(np.asarray(motion.corners))
    assert places.shape == (151, 2)
    assert places[[0, 100, 150]].tolist() == [[0, 0], [10, 0], [10, 4]]
    assert (np.diff(places, axis=0) >= 0).all()
    assert places[50, 0] == pytest.approx(5)
    # In haste the middle third of the way takes less time, with delay the middle comes later.
    plain = Motion(((0, 0), (10, 0)), (100,), (1.0,), (1.0,)).places(np.array([[0, 0], [10, 0]]))
    assert ((places[:101, 0] > 3) & (places[:101, 0] < 7)).sum() < (
        (plain[:, 0] > 3) & (plain[:, 0] < 7)
    ).sum()
    assert np.searchsorted(places[100:, 1], 2) > 25


def test_leak_is_of_one_channel():
    events = record(np.zeros((28, 28)), np.random.default_rng(0), Camera(noise_hz=10, leak=True))
    both = record(np.zeros((28, 28)), np.random.default_rng(0), Camera(noise_hz=10))
    assert events.channel.all()
    assert np.array_equal(events.t_us, both.t_us)


def test_image_moves_over_the_whole_of_a_larger_sensor():
    motion = Motion(((0, 0), (40, 90)), (400,), (1.0,), (1.0,))
    events = record(np.ones((20, 30)), np.random.default_rng(0), QUIET, motion, (2, 60, 120))
    assert events.sensor == (2, 60, 120)
    assert events.inside.all()
    assert (events.y.max(), events.x.max()) == (59, 119)
