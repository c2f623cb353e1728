from dataclasses import replace

import numpy as np
import pytest
import torch

from tickless.sw.data.cache import Uncached
from tickless.sw.data.catalog import SENSORS, load, simulated
from tickless.sw.data.recordings import parcels
from tickless.sw.training.batches import Batches, training_recordings
from tickless.sw.training.settings import Settings

SETTINGS = Settings(batch=10, recorded_share=0.4)
SENSOR = SENSORS["saccades"]


@pytest.fixture(scope="module")
def whole():
    return load("saccades", "train")


@pytest.fixture(scope="module")
def parts(whole):
    return whole.part(range(0, 60, 2)), simulated("saccades", 30, whole.keys[1:60:2])


def test_epochs_have_each_kind_in_its_share_and_nothing_kept_aside(whole, parts):
    batches = Batches(SETTINGS, parts[0], parts[1], SENSOR)
    chosen = batches.epoch(150, np.random.default_rng(0))
    assert chosen.shape == (15, 10)
    chosen = chosen.ravel()
    recorded = chosen[chosen < len(whole)]
    assert np.unique(recorded, return_counts=True)[1].tolist() == [2] * 30
    assert set(recorded) == set(range(0, 60, 2))
    # The simulated samples are of the same digits in the same order, each once.
    extra = chosen[chosen >= len(whole)] - len(whole)
    assert np.unique(extra, return_counts=True)[1].tolist() == [3] * 30
    assert not set(extra % len(whole)) & set(range(1, 60, 2))


def test_the_samples_are_those_of_the_parts(parts):
    batches = Batches(SETTINGS, parts[0], parts[1], SENSOR)
    first = batches.first(20)
    for index, (events, label) in zip(first[:8], parts[0], strict=False):
        assert np.array_equal(batches.source.events(index).addresses, events.addresses)
        assert batches.source.labels[index] == label
    for index, (events, label) in zip(first[8:], parts[1], strict=False):
        assert np.array_equal(batches.source.events(index).addresses, events.addresses)
        assert batches.source.labels[index] == label


def test_without_simulated_samples_all_are_recorded(parts):
    batches = Batches(SETTINGS, parts[0], parts[1][:0], SENSOR)
    assert set(batches.epoch(60, np.random.default_rng(0)).ravel()) == set(range(0, 60, 2))


def test_a_run_that_asks_for_few_samples_has_them_made_and_no_others(parts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own, extra = (parcels(part, 30)[0] for part in parts)
    few = replace(
        SETTINGS, pretrain_epochs=1, pretrain_samples=20, epochs=1, samples=10, refit_samples=0
    )
    uncached = Batches(few, own, extra, SENSOR)
    assert isinstance(uncached.source, Uncached)
    chosen = uncached.epoch(20, np.random.default_rng(0))[0]
    drawn = [uncached.draw(chosen, 3, np.random.default_rng(1)) for _ in range(2)]
    assert list(tmp_path.iterdir()) == []
    # What the cache would have given.
    cached = Batches(replace(few, samples=100), own, extra, SENSOR)
    assert not isinstance(cached.source, Uncached)
    drawn.append(cached.draw(chosen, 3, np.random.default_rng(1)))
    for frames, labels in drawn:
        assert torch.equal(frames, drawn[0][0])
        assert torch.equal(labels, drawn[0][1])
    shift = np.array([1, -1])
    for index in (0, 29, 30, 59):
        ours, theirs = (each.source.addresses(index, shift) for each in (uncached, cached))
        assert np.array_equal(ours, theirs)
        ours, theirs = (each.source.events(index) for each in (uncached, cached))
        assert np.array_equal(ours.t_us, theirs.t_us)
    # It is used once it is there.
    assert not isinstance(Batches(few, own, extra, SENSOR).source, Uncached)


def test_fewer_recordings_are_evenly_over_all_and_a_whole_of_their_own(whole):
    few = training_recordings(replace(SETTINGS, recordings=100))
    places = [whole.keys.index(key) for key in few.keys]
    assert len(few) == len(few.whole) == 100
    assert {*np.diff(places)} == {12, 13}
    assert few.labels == tuple(whole.labels[place] for place in places)
    assert np.array_equal(few[5][0].addresses, whole[places[5]][0].addresses)
    for most in (0, len(whole), len(whole) + 1):
        assert training_recordings(replace(SETTINGS, recordings=most)).keys == whole.keys


@pytest.mark.parametrize(
    "change",
    [
        {"flip": True},
        {"roll": 20},
        {"shift": 3},
        {"cut": 0.8},
        {"drop": 0.3},
        {"turn": 9.0},
        {"stretch": 0.2},
    ],
)
def test_augmentation_moves_events_alike_for_one_state_of_the_generator(parts, change):
    still = replace(SETTINGS, shift=0)
    chosen = np.arange(0, 60, 2)
    plain, labels = Batches(still, parts[0], parts[1], SENSOR).draw(
        chosen, 3, np.random.default_rng(1)
    )
    batches = Batches(replace(still, **change), parts[0], parts[1], SENSOR)
    moved, again = (batches.draw(chosen, 3, np.random.default_rng(1)) for _ in range(2))
    assert torch.equal(moved[0], again[0])
    assert torch.equal(moved[1], labels)
    assert moved[0].shape == plain.shape
    assert not torch.equal(moved[0], plain)
    if "flip" in change:
        same = (moved[0] == plain).flatten(2).all(2).all(0)
        mirrored = (moved[0] == plain.flip(-1)).flatten(2).all(2).all(0)
        assert (same | mirrored).all()
    if "roll" in change:
        assert torch.equal(moved[0].sum((2, 3, 4)), plain.sum((2, 3, 4)))
    if "cut" in change or "drop" in change:
        assert (moved[0].sum((0, 2, 3, 4)) < plain.sum((0, 2, 3, 4))).all()


@pytest.mark.parametrize("change", [{}, {"drop": 0.3}, {"turn": 9.0}])
def test_chance_goes_on_alike_in_processes_that_draw_other_samples(parts, change):
    batches = Batches(replace(SETTINGS, **change), parts[0], parts[1], SENSOR)
    one, two = (np.random.default_rng(1) for _ in range(2))
    batches.draw(np.array([0, 2]), 3, one)
    batches.draw(np.array([4, 6]), 3, two)
    assert one.random() == two.random()
