import json
from dataclasses import replace

import pytest

from tickless.command import main
from tickless.sw.data.catalog import load, simulated
from tickless.sw.outputs import output_folder
from tickless.sw.study import held_out
from tickless.sw.study.cross_validation import summary, wilson
from tickless.sw.study.held_out import HeldOutScore, hold_out, judged_part
from tickless.sw.study.held_out_exits import HeldOutExit
from tickless.sw.training.experiment import read_experiment
from tickless.sw.training.settings import Settings
from tickless.sw.workers import run_tasks

TINY = [
    *("--set", "pretrain_epochs=1", "--set", "epochs=1", "--set", "pretrain_samples=100"),
    *("--set", "samples=50", "--set", "simulated=60", "--set", "refit_samples=0"),
    *("--set", "steps_range=[2, 3]", "--set", "steps=3", "--parts", "20"),
]


def test_wilson_interval():
    # E. B. Wilson, JASA 22 (1927); the interval of 98.5 % of 800.
    assert wilson(788, 800) == pytest.approx((0.97397, 0.99140), abs=1e-5)
    low, high = wilson(0, 10)
    assert (low, high) == pytest.approx((0, 0.27753), abs=1e-5)


def test_summary_adds_up_the_parts():
    text = summary(
        [
            HeldOutScore(100, {"integer": 99}, 10.0, 30.0, 9),
            HeldOutScore(300, {"integer": 291}, 50.0, 70.0, 9),
        ],
        0.003,
    )
    assert "2 parts, 400 recordings" in text
    assert "97.50 %" in text
    assert "40 events into the busiest layer, 60 SOPs" in text


def test_summary_has_early_exit_where_all_parts_have_it():
    exits = [HeldOutExit(0.5, 98, 10.0), HeldOutExit(None, 99, 30.0)]
    part = HeldOutScore(100, {"integer": 99}, 10.0, 30.0, 9, exits=exits)
    text = summary([part, part], 0.01)
    assert "2 recordings lost, 10 SOPs, 33.3 %" in text
    assert "margins of 0.50, 0.50 median leads" in text
    assert "0 recordings lost, 30 SOPs, 100.0 %" in summary([part, part], 0.0)
    assert "early exit" not in summary([part], 0.01)
    assert "early exit" not in summary([part, replace(part, exits=[])], 0.01)


@pytest.fixture
def seen(monkeypatch):
    """What each training run got."""
    runs = []

    class Watched(held_out.Trainer):
        def __init__(self, settings, recorded, extra, state=None):
            runs.append((recorded, extra))
            super().__init__(settings, recorded, extra, state)

    monkeypatch.setattr(held_out, "Trainer", Watched)
    return runs


def test_a_part_is_judged_on_what_its_training_never_saw(tmp_path, capsys, seen):
    arguments = ["saccades", *TINY, "--part", "3", "--output", str(tmp_path)]
    assert main(["cross-validate", *arguments]) == 0
    everything = load("saccades", "train")
    [(kept, extra)] = seen
    aside = set(everything.keys) - set(kept.keys)
    assert aside == set(everything.keys[3::20])
    assert not aside & {digit for digit, _ in extra.keys}
    assert len(extra) == 60
    found = json.loads((tmp_path / "3-of-20.json").read_text())["part"]
    assert found["samples"] == len(aside)
    assert 0 < found["right"]["integer"] <= len(aside)
    assert found["exits"][-1]["share"] is None
    assert found["exits"][-1]["right"] == found["right"]["integer"]
    assert found["exits"][-1]["sops"] == found["sops"]
    assert found["exits"][0]["sops"] < found["sops"]
    assert "1 parts" in capsys.readouterr().out
    assert main(["cross-validate", *arguments]) == 0
    assert len(seen) == 1, "a part that is there was trained again"


def test_scores_are_the_same_whatever_the_number_of_workers(tmp_path):
    changes = [text for text in TINY if "=" in text]
    settings = read_experiment("saccades", changes)
    found = []
    for jobs in (1, 2):
        folder = output_folder(tmp_path / f"{jobs}")
        tasks = [(replace(settings, seed=seed), 120, folder) for seed in (3, 4)]
        found.append(list(run_tasks(judged_part, tasks, jobs=jobs, title="parts")))
    assert found[0] == found[1]


def test_each_recording_is_kept_aside_by_one_of_the_seeds():
    base = Settings(dataset="saccades", simulated=0)
    everything = load("saccades", "train").keys
    asides = [hold_out(replace(base, seed=seed), 4)[2].keys for seed in range(3, 7)]
    assert asides[0] == everything[3::4]
    assert sorted(key for aside in asides for key in aside) == sorted(everything)


def test_a_part_runs_with_the_first_seed_that_keeps_it_aside(tmp_path):
    arguments = ["saccades", *TINY, "--set", "seed=7", "--part", "3", "--output", str(tmp_path)]
    assert main(["cross-validate", *arguments]) == 0
    assert json.loads((tmp_path / "3-of-20.json").read_text())["settings"]["seed"] == 23


def test_images_kept_aside_are_not_simulated():
    digits = load("saccades", "train").keys[:5]
    made = simulated("saccades", 3000, digits)
    assert len(made) == 3000
    assert not set(digits) & {digit for digit, _ in made.keys}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no such experiment"),
        (["saccades", "--parts", "1"], "parts = 1, part = None: expected 2 to"),
        (["saccades", "--parts", "100000"], "parts = 100000, part = None: expected 2 to"),
        (["saccades", "--part", "8"], "parts = 8, part = 8: expected"),
        (["nmnist-steps"], "target = 'steps': expected 'events'"),
    ],
)
def test_wrong_input(arguments, words, tmp_path, capsys):
    assert main(["cross-validate", *arguments, "--output", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
