import pytest
from tonic.datasets import CIFAR10DVS

from tests import recordings
from tickless.sw.data import cifar10dvs, store
from tickless.sw.data.catalog import CLASSES, SENSORS, load
from tickless.sw.data.events import EventsError

ROWS = [(3, 127, 1, 5000), (0, 0, 0, 6000)]


def write(data, name, number, count=2):
    path = data / "CIFAR10DVS" / name / f"cifar10_{name}_{number}.aedat4"
    return recordings.write(path, recordings.aedat4([ROWS[:count]], recordings.lz4))


def test_classes_and_their_order_are_tonic_s():
    assert tuple(CIFAR10DVS.classes) == cifar10dvs.CLASSES
    assert CIFAR10DVS.url in cifar10dvs.EXPECTED


def test_the_last_hundred_of_each_class_are_the_test_set(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    for name, number in [("truck", 899), ("airplane", 1000), ("airplane", 900), ("airplane", 10)]:
        write(tmp_path, name, number)
    write(tmp_path, "airplane", 9, count=1)
    train, test = load("cifar10dvs", "train"), load("cifar10dvs", "test")
    assert train.labels == (0, 0, 9)
    assert [len(events) for events, _ in train] == [1, 2, 2]
    assert test.labels == (0, 0)
    assert [path.stem for path in test.keys] == ["cifar10_airplane_900", "cifar10_airplane_1000"]
    assert load("cifar10dvs", "all").labels == (0, 0, 9, 0, 0)
    events, _ = test[0]
    assert events.sensor == SENSORS["cifar10dvs"] == (2, 128, 128)
    assert events.addresses.tolist() == [[1, 127, 3], [0, 0, 0]]
    assert CLASSES["cifar10dvs"] == 10


def test_a_name_without_a_number(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    write(tmp_path, "cat", "x")
    with pytest.raises(EventsError, match=r"cat_x\.aedat4: expected a name cifar10_cat_<n>"):
        load("cifar10dvs", "train")


def test_a_damaged_recording_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    path = write(tmp_path, "dog", 3)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(EventsError, match=r"cifar10_dog_3\.aedat4: offset \d+: expected"):
        load("cifar10dvs", "train")[0]


def test_missing_folder_says_where(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    words = r"CIFAR10DVS: no recordings there\. Put .*<class>.*tickless sim"
    with pytest.raises(EventsError, match=words):
        load("cifar10dvs", "test")


def test_failed_download_says_where(tmp_path, monkeypatch):
    def fail(_):
        raise OSError("no network")

    monkeypatch.delenv("TICKLESS_DATA", raising=False)
    monkeypatch.setattr(store, "user_cache_path", lambda *_: tmp_path)
    monkeypatch.setattr("tonic.datasets.CIFAR10DVS", fail)
    with pytest.raises(EventsError, match=r"the download failed \(no network\).*TICKLESS_DATA"):
        load("cifar10dvs", "train")
