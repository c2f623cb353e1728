from dataclasses import replace

import pytest

from tickless.sw.study.budget import Timing, hours, text, timed
from tickless.sw.study.variants import Variant
from tickless.sw.training.settings import Settings

SETTINGS = Settings(
    method="sdt", pretrain_epochs=3, pretrain_samples=1000, epochs=2, samples=500, steps=10
)
TIMING = Timing(0.5, 0.036)


def test_what_is_alike_counts_once():
    alike = [Variant("a", SETTINGS), Variant("b", replace(SETTINGS, refit_samples=0))]
    # 30,000 time steps of pre-training, and 10,000 behind it.
    assert hours(alike, 1, TIMING) == pytest.approx(0.4)
    assert hours(alike, 3, TIMING) == pytest.approx(1.2)
    longer = Variant("d", replace(SETTINGS, epochs=4))
    assert hours([*alike, longer], 1, TIMING) == pytest.approx(0.6)
    rounded = Variant("e", replace(SETTINGS, quantize_epochs=2))
    assert hours([*alike, rounded], 1, TIMING) == pytest.approx(0.5)
    other = Variant("c", replace(SETTINGS, rate_budget=7.0, epochs=0))
    assert hours([alike[0], other], 1, TIMING) == pytest.approx(0.7)


def test_methods_that_draw_time_steps_take_as_many_as_they_draw():
    drawn = replace(SETTINGS, method="mtt", pretrain_epochs=0, steps_range=(4, 6), configurations=2)
    # 1,000 samples, 2 passes of 5 time steps in the mean.
    assert hours([Variant("a", drawn)], 1, TIMING) == pytest.approx(0.1, rel=0.02)


def test_text():
    found = text(SETTINGS, [Variant("a", SETTINGS)], 3, 2, TIMING)
    assert "0.500 s to make each of 17,297 samples" in found
    assert "6.0 minutes for an epoch of 1,000 at T = 10" in found
    assert "1 variants, 3 seeds: about 1.2 hours of one core, 0.6 with 2 side by side" in found


def test_timing_of_few_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = timed(replace(SETTINGS, batch=5, recordings=50))
    assert 0 < found.make < 1
    assert 0 < found.step < 1
    assert len([*(tmp_path / "build" / "cache").glob("saccades-train-timed-*/")]) == 1
