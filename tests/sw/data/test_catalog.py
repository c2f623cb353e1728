import pytest

from tickless.sw.data import (
    cifar10dvs,
    cifar10saccades,
    dvsgesture,
    ncaltech101,
    nmnist,
    saccades,
)
from tickless.sw.data.catalog import CLASSES, DATASETS, SENSORS, at_random, known, load, simulated


def test_the_table_says_what_the_modules_say():
    assert {*SENSORS} == {*CLASSES} == {*DATASETS}
    for module in (cifar10dvs, cifar10saccades, dvsgesture, ncaltech101, nmnist, saccades):
        assert SENSORS[module.__name__.rpartition(".")[2]] == module.SENSOR
    for module in (cifar10dvs, cifar10saccades, dvsgesture, ncaltech101):
        assert CLASSES[module.__name__.rpartition(".")[2]] == len(module.CLASSES)


def test_a_folder_is_known_and_no_name_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    assert [known(name) for name in ("nmnist", "a", ".", "b", "")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_no_more_is_simulated_than_is_wanted():
    digits = load("saccades", "train")
    for count in (0, 5, len(digits), len(digits) + 1):
        made = simulated("saccades", count)
        assert len(made) == len(made.whole) == count
    # With some kept aside, whole rounds, so that all parts of a cross-validation share a cache.
    made = simulated("saccades", 5, digits.keys[:5])
    assert (len(made), len(made.whole)) == (5, len(digits))


def test_recordings_at_random_are_a_part_of_the_data_set():
    (part,) = at_random("saccades", 7, 3)
    whole = load("saccades", "test")
    assert len(set(part.indices)) == len(part) == 7
    assert part.keys == [whole.keys[index] for index in part.indices]
    assert part.name == whole.name


def test_the_seed_says_which():
    same, again, other = (at_random("saccades", 7, seed)[0].keys for seed in (3, 3, 4))
    assert same == again != other


def test_twenty_are_usual():
    parts = at_random("saccades", None, 1, ("test", "train"))
    assert [len(part) for part in parts] == [20]


def test_a_split_is_used_up_before_the_next_one():
    count = len(load("saccades", "test"))
    first, second = at_random("saccades", count + 2, 1, ("test", "train"))
    assert sorted(first.indices) == list(range(count))
    assert (len(second), second.name) == (2, "saccades-train")


def test_too_few_and_too_many():
    count = len(load("saccades", "test"))
    with pytest.raises(ValueError, match=f"samples = 0: expected 1..{count}"):
        at_random("saccades", 0, 1)
    with pytest.raises(ValueError, match=f"samples = {count + 1}: saccades has {count} here"):
        at_random("saccades", count + 1, 1)
