"""A folder of recordings is a data set: classes by folders, the rest in a TOML file."""

import os
from pathlib import Path

import numpy as np
import pytest

from tickless.command import main
from tickless.errors import InputError
from tickless.sw.data.catalog import (
    check_suits,
    class_names,
    dataset_name,
    known,
    load,
    sensor,
)
from tickless.sw.data.folder import folder_dataset
from tickless.sw.data.formats.decoded import Decoded
from tickless.sw.data.formats.writing import write
from tickless.sw.data.losses import FileWarning
from tickless.sw.integer.network import PRETRAINED
from tickless.sw.training.experiment import read_experiment

FORMATS = ("npy", "csv", "h5", "dat", "raw", "bin")


def recording(seed, count=40):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 34, (2, count)).astype(np.int32)
    return Decoded("made", np.arange(count, dtype=np.int64), x, y, rng.random(count) < 0.5)


@pytest.fixture
def folder(tmp_path):
    """Each class has its recordings in each format, the same ones."""
    place = tmp_path / "pets"
    for split in ("train", "Test"):
        for label, name in enumerate(("dog", "cat")):
            for index, suffix in enumerate(FORMATS):
                path = place / split / name / f"{index}.{suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                write(recording(label), path)
    (place / "dataset.toml").write_text('sensor = [2, 34, 34]\nclasses = ["dog", "cat"]\n')
    return str(place)


def test_a_folder_is_a_data_set_whatever_the_format_of_its_files(folder):
    assert known(folder)
    assert dataset_name(folder) == folder
    assert sensor(folder) == (2, 34, 34)
    assert class_names(folder) == ("dog", "cat")
    train, test = load(folder, "train"), load(folder, "test")
    assert train.labels == test.labels == (0,) * 6 + (1,) * 6
    assert len(load(folder, "all")) == 24
    for events, label in train:
        expected = recording(label)
        assert events.addresses.tolist() == (
            np.stack([expected.on, expected.y, expected.x], axis=1).astype(int).tolist()
        )


def test_classes_are_the_folders_names_numbers_by_value(tmp_path):
    for name in ("10", "9", "2"):
        (tmp_path / "train" / name).mkdir(parents=True)
        write(recording(1), tmp_path / "train" / name / "a.npy")
    (tmp_path / "dataset.toml").write_text("sensor = [2, 34, 34]")
    assert class_names(str(tmp_path)) == ("2", "9", "10")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sensor = [2, 34]", "sensor = [2, 34]: expected channels, height and width"),
        ("sensors = 3", "sensors: expected one of sensor, classes, columns"),
        ("downsample = 'x'", "downsample = 'x': expected int"),
        ("classes = 3", "classes = 3: expected names"),
        ("window = '10'", "window = '10': expected a length as 100ms"),
        ("augmentation = 3", "augmentation = 3: expected a table [augmentation]"),
        (
            "[augmentation]\nmirror = true",
            "augmentation: mirror: expected one of flip, roll, shift",
        ),
        ("[augmentation]\nflip = 1", "augmentation: flip = 1: expected true or false"),
        ("[augmentation]\nroll = 200", "augmentation: roll = 200: expected an integer in 0..127"),
        ("crop = '1'", "crop = '1': expected X,Y,WIDTHxHEIGHT"),
        ("=", "dataset.toml: "),
        ("sensor = 34", "sensor = 34: expected channels, height and width"),
        ("classes = ['cat', 'cat']", "classes = ['cat', 'cat']: expected each name once"),
        ("", "the file does not state its sensor: expected it in"),
    ],
)
def test_a_wrong_description_is_told(folder, text, words):
    (Path(folder) / "dataset.toml").write_text(text)
    folder_dataset.cache_clear()
    with pytest.raises(InputError) as caught:
        load(folder, "train")
    assert words in str(caught.value)


def test_a_folder_that_is_no_class_and_one_without_recordings_are_told(folder, tmp_path):
    odd = Path(folder) / "train" / "horse"
    odd.mkdir()
    write(recording(2), odd / "a.npy")
    with pytest.raises(InputError, match=r"horse: expected the name of a class of .*: dog, cat"):
        load(folder, "train")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="expected a data set's folder, with train/CLASS/FILE"):
        load(str(empty), "train")
    with pytest.raises(InputError, match=r"expected one of saccades, .*, or the folder"):
        load("missing", "train")


def test_windows_of_the_files_are_samples(folder):
    (Path(folder) / "dataset.toml").write_text("sensor = [2, 34, 34]\nwindow = '15events'\n")
    folder_dataset.cache_clear()
    train = load(folder, "train")
    assert len(train) == 2 * 6 * 3
    assert [len(events) for events, _ in train] == [15, 15, 10] * 12
    assert train.labels == (0,) * 18 + (1,) * 18
    of_cat = recording(1)
    events, label = train[1]
    assert class_names(folder)[label] == "cat"
    assert events.x.tolist() == of_cat.x[15:30].tolist()
    assert len({repr(key) for key in train.keys}) == 36


def test_augmentation_comes_between_shipped_experiments_and_ones_own(folder, tmp_path):
    (Path(folder) / "dataset.toml").write_text(
        "sensor = [2, 34, 34]\n[augmentation]\nflip = true\nroll = 3\nshift = 4\n"
    )
    folder_dataset.cache_clear()
    shipped = read_experiment("nmnist", [f"dataset={folder}"])
    assert (shipped.flip, shipped.roll, shipped.shift) == (True, 3, 4)
    experiment = tmp_path / "my.toml"
    experiment.write_text(f'base = "nmnist"\ndataset = "{folder}"\nroll = 7\n')
    own = read_experiment(str(experiment), ["shift=0"])
    assert (own.flip, own.roll, own.shift) == (True, 7, 0)
    other = read_experiment(str(experiment), ["dataset=saccades"])
    assert (other.flip, other.roll) == (False, 7)


def test_flaws_of_a_file_are_warnings_where_it_is_used(folder):
    path = Path(folder) / "train" / "cat" / "3.dat"
    path.write_bytes(path.read_bytes()[:-3])
    train = load(folder, "train")
    with pytest.warns(FileWarning, match=r"3\.dat: offset .*: the end is cut"):
        list(train)


def test_a_description_with_a_mark_of_utf_8_is_read(folder):
    path = Path(folder) / "dataset.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert class_names(folder) == ("dog", "cat")


def test_what_lies_in_the_wrong_place_is_not_passed_over(folder):
    deep = Path(folder) / "train" / "cat" / "deep"
    deep.mkdir()
    with pytest.raises(InputError, match=r"cat/deep: expected a recording, not a folder"):
        load(folder, "train")
    deep.rename(deep.with_name(".deep"))
    pipe = deep.with_name("pipe.npy")
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"cat/pipe\.npy: expected a recording, not a pipe"):
        load(folder, "train")
    pipe.unlink()
    load(folder, "train")
    beside = Path(folder) / "train" / "1.npy"
    write(recording(1), beside)
    with pytest.raises(InputError, match=r"train/1\.npy: expected in the folder of a class"):
        load(folder, "train")


def test_a_link_to_a_recording_is_one_and_a_dead_link_is_told(folder, tmp_path):
    link = Path(folder) / "test" / "cat" / "link.npy"
    link.parent.mkdir(parents=True, exist_ok=True)
    write(recording(5), tmp_path / "real.npy")
    link.symlink_to(tmp_path / "real.npy")
    assert "cat/link.npy" in load(folder, "test").names
    (tmp_path / "real.npy").unlink()
    with pytest.raises(InputError, match=r"link\.npy: cannot be read: No such file"):
        list(load(folder, "test"))


def test_a_class_without_recordings_is_a_warning(folder):
    for path in (Path(folder) / "train" / "cat").iterdir():
        path.unlink()
    with pytest.warns(FileWarning, match=r"train/cat: no recordings of this class"):
        assert set(load(folder, "train").labels) == {0}


def test_names_may_have_blanks_and_any_letters(tmp_path):
    for name in ("a cat", "ünï ☃"):
        path = tmp_path / "my pets é" / "test" / name / "my file 1.csv"
        path.parent.mkdir(parents=True)
        write(recording(1), path)
    (tmp_path / "my pets é/dataset.toml").write_text("sensor = [2, 34, 34]\n")
    name = str(tmp_path / "my pets é")
    assert class_names(name) == ("a cat", "ünï ☃")
    assert load(name, "test").names == ["a cat/my file 1.csv", "ünï ☃/my file 1.csv"]


def test_a_data_set_that_does_not_suit_a_network_is_told(folder):
    check_suits(folder, (2, 34, 34), 2)
    with pytest.raises(
        InputError, match=r"its sensor is \(2, 34, 34\), the network's \(1, 34, 34\)"
    ):
        check_suits(folder, (1, 34, 34), 2)
    with pytest.raises(InputError, match="it has 2 classes, the board 1"):
        check_suits(folder, (2, 34, 34), 1, "board")


def test_judging_refuses_classes_that_the_network_lacks(tmp_path, capsys):
    for label in range(11):
        path = tmp_path / "many" / "test" / str(label) / "1.csv"
        path.parent.mkdir(parents=True)
        write(recording(1), path)
    (tmp_path / "many/dataset.toml").write_text("sensor = [2, 34, 34]\n")
    network = str(PRETRAINED / "saccades.safetensors")
    assert main(["judge", "accuracy", network, "--dataset", str(tmp_path / "many")]) == 2
    assert "many: it has 11 classes, the network 10" in capsys.readouterr().err
