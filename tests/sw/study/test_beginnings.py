from dataclasses import replace

import pytest
import torch

from tickless.sw.checkpoint import Checkpoint
from tickless.sw.study import beginnings as begun
from tickless.sw.study.beginnings import beginnings, state_path, to_train, train
from tickless.sw.study.outcome import outcome
from tickless.sw.study.variants import Variant, variants
from tickless.sw.training.settings import Settings
from tickless.sw.training.trainer import Trainer

TINY = Settings(
    pretrain_epochs=2,
    pretrain_samples=100,
    epochs=1,
    samples=100,
    simulated=20,
    refit_samples=20,
    steps_range=(2, 3),
    steps=3,
)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Few recordings to judge on."""
    monkeypatch.setattr(begun, "PARTS", 120)


def begins(runs):
    return [len(found) for _, found in to_train(runs)]


def test_runs_that_differ_later_begin_alike():
    four_bits = replace(TINY, quantize_epochs=2, weight_bits=4)
    assert begins([TINY, replace(TINY, refit_samples=0)]) == [1, 1, 0]
    assert begins([TINY, replace(TINY, method="sdt")]) == [1, 2, 0]
    assert begins([TINY, four_bits]) == [1, 1, 1]
    assert begins([four_bits, replace(four_bits, weight_bits=5)]) == [1, 1, 2]
    for name, other in (("seed", 2), ("rate_budget", 7.0), ("norm", "scale")):
        assert begins([TINY, replace(TINY, **{name: other})]) == [2, 2, 0]
    assert begins([replace(TINY, pretrain_epochs=0)]) == [0, 1, 0]


def test_a_study_trains_no_beginning_twice(tmp_path):
    runs = [item.settings for item in variants(TINY, quick=False)]
    found = [each for _, begun in to_train(runs) for each in begun]
    assert len(found) == len(set(found)) == len({state_path(each, tmp_path) for each in found})
    assert {beginnings(run)[2] for run in runs} <= set(found)


def test_runs_from_shared_beginnings_are_the_runs_that_train_alone(tmp_path, monkeypatch):
    compared = [
        Variant("MTT", TINY),
        Variant("bare", replace(TINY, refit_samples=0)),
        Variant("SDT", replace(TINY, method="sdt")),
        Variant("rounded", replace(TINY, quantize_epochs=1, weight_bits=4)),
    ]
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    for folder in (alone, shared):
        folder.mkdir()
    outcomes = {item.name: outcome(item, 3, alone) for item in compared}
    for _, found in to_train([replace(item.settings, seed=3) for item in compared]):
        for each in found:
            train(each, shared)
    assert len([*shared.iterdir()]) == 4

    def trained_again(*_):
        raise AssertionError("an epoch of what was trained")

    monkeypatch.setattr("tickless.sw.training.loop.TrainingLoop.epoch", trained_again)
    for item in compared:
        assert outcome(item, 3, shared) == outcomes[item.name]
        path = f"{item.name.lower()}-3.checkpoint.safetensors"
        pair = [Checkpoint.load(folder / path).model.weights for folder in (alone, shared)]
        for a, b in zip(*pair, strict=True):
            assert torch.equal(a, b)


def test_training_that_was_killed_goes_on(tmp_path, monkeypatch):
    settings, epochs = beginnings(TINY)[0], []
    real = Trainer._train_phase

    def killed(self, index, phase):
        real(self, index, replace(phase, epochs=1))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_train_phase", killed)
        with pytest.raises(KeyboardInterrupt):
            train(settings, tmp_path)
    monkeypatch.setattr(
        "tickless.sw.training.loop.TrainingLoop.epoch", lambda self, number: epochs.append(number)
    )
    train(settings, tmp_path)
    assert epochs == [2]
