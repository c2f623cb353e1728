import numpy as np
import pytest

from tickless.sw.training.settings import Settings
from tickless.sw.training.time_steps import draw_time_steps


def draw(method, **options):
    settings = Settings(steps=10, steps_range=(2, 30), configurations=3, **options)
    generator = np.random.default_rng(0)
    return np.array([draw_time_steps(method, settings, 4, generator) for _ in range(200)])


def test_sdt_runs_all_stages_at_one_number_of_steps():
    assert (draw("sdt") == 10).all()
    assert draw("sdt").shape == (200, 1, 4)


def test_nmt_draws_one_number_for_all_stages():
    drawn = draw("nmt")
    assert drawn.shape == (200, 3, 4)
    assert (drawn == drawn[..., :1]).all()
    assert set(drawn.flat) == set(range(2, 31))


@pytest.mark.parametrize("first_stage", ["drawn", "fixed"])
def test_mtt_draws_each_stage(first_stage):
    drawn = draw("mtt", first_stage=first_stage)
    assert drawn.shape == (200, 3, 4)
    free = drawn if first_stage == "drawn" else drawn[..., 1:]
    assert (drawn[..., 0] == 10).all() == (first_stage == "fixed")
    for stage in np.moveaxis(free, -1, 0):
        assert set(stage.flat) == set(range(2, 31))
    # No two stages go together.
    correlations = np.corrcoef(free.reshape(-1, free.shape[-1]).T)
    assert np.abs(correlations - np.eye(len(correlations))).max() < 0.2


def test_log_uniform_drawing_favours_few_steps():
    settings = Settings(steps_range=(1, 7), steps_drawn="log-uniform", configurations=3000)
    drawn = np.array(draw_time_steps("mtt", settings, 4, np.random.default_rng(0)))
    shares = np.bincount(drawn.ravel(), minlength=8) / drawn.size
    thirds = shares[1], shares[2:4].sum(), shares[4:8].sum()
    assert np.allclose(thirds, 1 / 3, atol=0.02)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == 0
    same = np.array(draw_time_steps("nmt", settings, 4, np.random.default_rng(0)))
    assert (same == same[:, :1]).all()
    assert set(same.flat) == set(range(1, 8))
