"""Objects of Python as data sets: with all checks of a file, and by the name of their function."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from tonic.datasets import NMNIST

from tests.recordings import atis, write
from tickless.errors import InputError
from tickless.sw.data.catalog import class_names, dataset_name, known, load, sensor
from tickless.sw.data.events import EventsError
from tickless.sw.data.fitting import Fitting
from tickless.sw.data.objects import from_objects
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.judge.accuracy import accuracies

FIELDS = [("p", "?"), ("timestamp", "<i8"), ("y", "<i2"), ("x", "<i2")]
"""In no usual order."""

MODULE = """
import numpy as np

class Pets:
    sensor_size = (34, 34, 2)
    classes = ["cat", "dog"]

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        events = np.zeros(3, [("t", int), ("x", int), ("y", int), ("p", int)])
        events["t"], events["x"] = [5, 6, 7], index
        return events, ["cat", "dog"][index % 2]


def pets(split):
    return Pets({"train": 4, "test": 2}[split])

def nothing(split):
    return None
"""

PARTS = """
import numpy as np


class Pets(list):
    def __init__(self, size, classes):
        events = np.zeros(3, [("t", int), ("x", int), ("y", int), ("p", int)])
        super().__init__([(events, "dog")])
        self.sensor_size, self.classes = size, classes


def pets(split):
    return Pets((9, 8, 2), ["cat", "dog"]) if split == "train" else Pets((5, 5, 2), ["dog", "cat"])
"""


def events(rows):
    """Of rows ``(x, y, p, t)``."""
    return np.array([(p, t, y, x) for x, y, p, t in rows], FIELDS)


ROWS = [(1, 2, 1, 100), (33, 0, 0, 101)]


def test_fields_count_by_their_names_and_checks_are_those_of_files():
    recordings = from_objects([(events(ROWS), 3)], (2, 34, 34))
    [(sample, label)] = recordings
    assert label == 3
    assert sample.addresses.tolist() == [[1, 2, 1], [0, 0, 33]]
    assert sample.t_us.tolist() == [0, 1]
    assert len(pickle.loads(pickle.dumps(recordings))[0][0]) == 2


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (events([(100, 0, 1, 5)]), r"objects\[0\]: 1 of 1 events lie outside"),
        (events([(-1, 0, 1, 5)]), r"objects\[0\]: .*0..16383 in column x, got -1"),
        (np.zeros((3, 4)), r"objects\[0\]: expected a structured array of events"),
        (np.zeros(3, [("x", int), ("y", int)]), r"fields t, x, y and p of the array, got x, y"),
    ],
)
def test_what_is_wrong_names_the_sample(item, words):
    recordings = from_objects([(item, 0)], (2, 34, 34))
    with pytest.raises(EventsError, match=words):
        _ = recordings[0]


def test_polarities_times_and_cameras_are_as_they_say():
    wide = np.zeros(2, [("t", float), ("x", int), ("y", int), ("p", int)])
    wide["t"], wide["x"], wide["p"] = [0.001, 0.002], [10, 20], [-1, 1]
    [(sample, _)] = from_objects(
        [(wide, 0)], (2, 34, 34), time_unit="s", fitting=Fitting(downsample=10)
    )
    assert (sample.channel.tolist(), sample.x.tolist()) == ([0, 1], [1, 2])
    assert sample.t_us.tolist() == [0, 1000]
    with pytest.raises(EventsError, match="give the unit"):
        _ = from_objects([(wide, 0)], (2, 34, 34))[0]


def test_labels_are_numbers_or_names_of_classes():
    assert from_objects([(events(ROWS), "b")], (2, 34, 34), classes="ab").labels == (1,)
    with pytest.raises(InputError, match=r"objects\[0\]: label 'c': expected a number"):
        from_objects([(events(ROWS), "c")], (2, 34, 34), classes="ab")
    for wrong in (2, -1):
        with pytest.raises(InputError, match=rf"label {wrong}: expected a number in 0..1, or the"):
            from_objects([(events(ROWS), wrong)], (2, 34, 34), classes="ab")
    with pytest.raises(InputError, match="expected a sensor_size of the object"):
        from_objects([(events(ROWS), 1)])


def test_both_parts_have_the_sensor_and_the_classes_of_the_training_samples(tmp_path):
    (tmp_path / "parts.py").write_text(PARTS)
    name = f"{tmp_path}/parts.py:pets"
    assert class_names(name) == ("cat", "dog")
    assert load(name, "train").labels == load(name, "test").labels == (1,)
    [(sample, _)] = load(name, "test")
    assert sample.sensor == sensor(name) == (2, 8, 9)


def test_a_function_names_a_data_set(tmp_path):
    (tmp_path / "my.py").write_text(MODULE)
    name = f"{tmp_path}/my.py:pets"
    assert known(name)
    assert dataset_name(name) == name
    assert sensor(name) == (2, 34, 34)
    assert class_names(name) == ("cat", "dog")
    train = pickle.loads(pickle.dumps(load(name, "train")))
    assert train.labels == (0, 1, 0, 1)
    assert [sample.x[0] for sample, _ in train] == [0, 1, 2, 3]
    assert len(load(name, "all")) == 6
    with pytest.raises(InputError, match="expected a function cats in it"):
        load(f"{tmp_path}/my.py:cats", "train")
    with pytest.raises(InputError, match="expected an object with __len__"):
        load(f"{tmp_path}/my.py:nothing", "train")
    assert not known(f"{tmp_path}/other.py:pets")


def test_tonics_own_class_is_judged_as_the_data_set_is(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    root = Path(os.environ.get("TICKLESS_DATA", "")) / "NMNIST/Test"
    real = sorted(root.glob("*/*.bin"))[::20] if os.environ.get("TICKLESS_DATA") else []
    for label in range(10):
        rows = [(*rng.integers(0, 34, 2).tolist(), t % 2, 50 * t) for t in range(300)]
        content = atis(rows)
        if real:
            content = real[label % len(real)].read_bytes()
        for split in ("Train", "Test"):
            write(tmp_path / f"NMNIST/{split}/{label}/{label:05}.bin", content)
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    monkeypatch.setattr(NMNIST, "_check_exists", lambda self: True)
    recordings = from_objects(NMNIST(str(tmp_path), train=False))
    expected = load("nmnist", "test")
    assert sorted(recordings.labels) == sorted(expected.labels)
    by_label = {label: sample.addresses.tolist() for sample, label in recordings}
    for sample, label in expected:
        assert sample.addresses.tolist() == by_label[label]
    network = Network.load(PRETRAINED / "nmnist.safetensors")
    assert (
        accuracies(None, network, recordings).integer == accuracies(None, network, expected).integer
    )
