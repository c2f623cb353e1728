from collections import Counter

import numpy as np
import pytest

from tickless.sw.data import cifar10dvs, cifar10saccades
from tickless.sw.data.catalog import class_names, load, simulated
from tickless.sw.data.cifar10saccades import CLASSES, MOTION, path, sample
from tickless.sw.data.events import EventsError

PER_CLASS = 1003
"""Images of each class in the file: those of the set, and three more."""


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Images of chance, the first of all black."""
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    labels = np.arange(10 * PER_CLASS) % 10
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), 32, 32)).astype(np.uint8)
    pixels[0] = 0
    archive = tmp_path / "cifar10" / "cifar10_gray.npz"
    archive.parent.mkdir()
    np.savez(archive, train_images=pixels, train_labels=labels.astype(np.uint8))
    return archive


def test_as_many_recordings_as_cifar10dvs_has_in_the_same_splits(source):
    train, test = load("cifar10saccades", "train"), load("cifar10saccades", "test")
    assert Counter(train.labels) == dict.fromkeys(range(10), 900)
    assert Counter(test.labels) == dict.fromkeys(range(10), 100)
    assert not {*train.keys} & {*test.keys}
    assert (test.keys[0], test.keys[-1]) == (9000, 9999)
    assert class_names("cifar10saccades") == CLASSES == cifar10dvs.CLASSES


def test_further_samples_are_of_images_that_the_set_does_not_have(source):
    more = simulated("cifar10saccades", 40_000)
    assert list(more.keys) == list(range(10_000, 10_030))
    assert list(more.labels) == [*range(10)] * 3
    assert len(simulated("cifar10saccades", 4)) == 4
    assert len(simulated("cifar10saccades", 0)) == 0
    (_, label) = more[0]
    assert label == 0


def test_a_recording_is_the_same_whenever_it_is_made(source):
    first, again = sample(source, 7), load("cifar10saccades", "train")[7 * 900][0]
    other = sample(source, 17)
    assert np.array_equal(first.addresses, again.addresses)
    assert np.array_equal(first.t_us, again.t_us)
    assert not np.array_equal(first.t_us[:100], other.t_us[:100])


def test_the_image_covers_the_sensor_on_all_of_its_way(source):
    # A black image has the brightness of what lies around it: only background, at its rate.
    black = sample(source, 0)
    assert len(black) == pytest.approx(0.3 * 1.2 * 128 * 128, rel=0.1)
    corners = np.asarray(MOTION.corners)
    assert corners.max() <= 0
    assert corners.min() + cifar10saccades.EXTENT >= 128
    assert MOTION.corners[0] == MOTION.corners[-1]
    assert len(MOTION.legs_ms) == 24


def test_paths_of_a_loop_end_where_it_begins():
    places = MOTION.places(np.asarray(MOTION.corners))
    loop = places[:201]
    assert len(places) == 1201
    assert np.allclose(loop[0], loop[200])
    assert np.allclose(places[200:401], loop)
    # Up, left, down and right of the middle, as far from it.
    middle = np.array([-4, -4])
    assert (loop[[0, 50, 100, 150]] - middle).tolist() == [[-4, 0], [0, -4], [4, 0], [0, 4]]


def test_events_of_real_images():
    if not path().exists():
        pytest.skip(f"no {path()}: set TICKLESS_DATA")
    recordings = load("cifar10saccades", "test")
    counts = [len(recordings[index][0]) for index in range(0, 1000, 40)]
    assert 150_000 < np.mean(counts) < 250_000


def test_without_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    with pytest.raises(EventsError, match=r"cifar10_gray\.npz: .*Expected CIFAR-10 as"):
        load("cifar10saccades", "train")
