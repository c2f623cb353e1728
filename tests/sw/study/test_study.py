import json
from dataclasses import replace

import numpy as np
import pytest

from tickless.command import main
from tickless.sw.data.catalog import load
from tickless.sw.judge.exits import Exit
from tickless.sw.study import beginnings
from tickless.sw.study import outcome as outcomes
from tickless.sw.study.figures import figures, text, without_spikes
from tickless.sw.study.gain import gains
from tickless.sw.study.outcome import EventOutcome, Outcome
from tickless.sw.study.variants import Variant, ann, quick_changes, variants
from tickless.sw.training.experiment import read_experiment
from tickless.sw.training.settings import Settings

TINY = [
    *("--set", "pretrain_epochs=1", "--set", "epochs=1", "--set", "pretrain_samples=100"),
    *("--set", "samples=50", "--set", "simulated=0", "--set", "refit_samples=0"),
    *("--set", "steps_range=[2, 3]", "--set", "steps=3"),
]


def test_all_methods_see_equally_many_passes():
    settings = Settings(epochs=3, configurations=2)
    by_name = {variant.name: variant.settings for variant in variants(settings, quick=False)}
    assert {item.pretrain_samples for item in by_name.values()} == {settings.pretrain_samples}
    passes = {
        name: item.epochs * (1 if item.method == "sdt" else item.configurations)
        for name, item in by_name.items()
    }
    assert set(passes.values()) == {6}


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("rate_penalty", [0.0, 0.3])
def test_no_two_variants_are_the_same_training(quick, rate_penalty):
    compared = variants(Settings(rate_penalty=rate_penalty), quick)
    trainings = [
        item.settings if item.settings.rate_penalty else replace(item.settings, rate_budget=1.0)
        for item in compared
    ]
    assert len(set(map(repr, trainings))) == len(compared)
    half = any("half the spikes" in item.name for item in compared)
    assert half == (rate_penalty > 0 and not quick)


def test_the_network_without_spikes_sees_as_many_samples_in_one_step():
    settings = Settings(pretrain_epochs=4, pretrain_samples=300, epochs=3, samples=100)
    alone = ann(settings).settings
    assert alone.epochs * alone.samples == 4 * 300 + 3 * 100
    assert (alone.steps, alone.neuron, alone.target) == (1, "relu", "steps")


def test_the_network_without_spikes_is_judged_in_one_step():
    runs = [
        Outcome("ANN", seed, 100, [share] + [0.1] * 19, None)
        for seed, share in ((1, 0.9), (2, 0.8))
    ]
    baseline = without_spikes(runs)
    assert baseline.accuracy == pytest.approx(85)
    assert str(baseline) == "ANN: 85.0 % (95 % interval 79.4 to 89.3 %)"


def made(variant, seed, integer, steps, long_stepped=None):
    exits = [Exit(0, 0.5, 1, 10, 20), Exit(float("inf"), integer, 0, 100, 200)]
    by_bits = {"8": integer, "6": integer, "5": None, "4": None, "3": None}
    events = EventOutcome(0.9, by_bits, 1000.0, 2000.0, 2.5, 0.05, exits)
    return Outcome(variant, seed, 100, steps, events, long_stepped=long_stepped)


def test_figures_are_means_and_deviations_over_the_seeds():
    low, high = [0.2] + [0.8] * 19, [0.4] + [0.9] * 18 + [0.95]
    rows = figures([made("MTT", 1, 0.94, low), made("MTT", 2, 0.98, high)], {"MTT": 8})
    [row] = rows
    assert (row.seeds, row.samples) == (2, 100)
    assert row.columns["T = 1"] == pytest.approx((30, 10))
    assert row.flatness == pytest.approx((85, 87.5))
    assert row.columns["integer"] == pytest.approx((96, 2))
    assert row.judged == "integer"
    assert row.interval[0] < 96 < row.interval[1]
    assert "96.0 ± 2.0" in text(rows)


def test_many_time_steps_have_a_column_where_all_runs_know_them():
    steps = [0.5] * 20
    known = [made("MTT", seed, 0.9, steps, share) for seed, share in ((1, 0.6), (2, 0.7))]
    [row] = figures(known, {"MTT": 8})
    assert row.columns["T = 200"] == pytest.approx((65, 5))
    earlier = [*known, made("SDT", 1, 0.9, steps)]
    assert all("T = 200" not in row.columns for row in figures(earlier, {"MTT": 8, "SDT": 8}))


def test_gain_is_of_runs_of_the_same_seed():
    stepped = [0.5] * 20
    runs = [made("SDT", seed, share, stepped) for seed, share in ((1, 0.90), (2, 0.70), (3, 0.80))]
    runs += [made("MTT", seed, share, stepped) for seed, share in ((1, 0.92), (2, 0.74), (3, 0.86))]
    runs += [made("MTT, no refit", seed, 0.5, stepped) for seed in (1, 2, 3)]
    [gain] = gains(figures(runs, {"SDT": 8, "MTT": 8, "MTT, no refit": 8}))
    assert gain.points == pytest.approx(4)
    # Student's t of two degrees of freedom, 4.303, over gains of 2, 4 and 6 points.
    assert gain.interval == pytest.approx((4 - 4.303 * 2 / 3**0.5, 4 + 4.303 * 2 / 3**0.5), 1e-3)
    assert str(gain) == "MTT over SDT, integer: +4.0 points (95 % interval -1.0 to +9.0, 3 seeds)"


def test_gain_of_one_seed_has_no_interval():
    runs = [made("SDT", 1, 0.9, [0.5] * 20), made("MTT", 1, 0.8, [0.5] * 20)]
    [gain] = gains(figures(runs, {"SDT": 8, "MTT": 8}))
    assert gain.interval is None
    assert str(gain) == "MTT over SDT, integer: -10.0 points, one seed"


@pytest.fixture
def few(monkeypatch):
    """Few recordings to judge on."""
    monkeypatch.setattr(beginnings, "PARTS", 120)


@pytest.mark.usefixtures("few")
def test_study_of_the_embedded_data_set(tmp_path, capsys):
    arguments = ["saccades", *TINY, "--seeds", "1", "--jobs", "1", "--output", str(tmp_path)]
    assert main(["study", *arguments]) == 0
    printed = capsys.readouterr().out
    for name in ("SDT", "NMT", "MTT, first stage fixed", "MTT, trained at 4 bits"):
        assert name in printed
    ann = json.loads((tmp_path / "ann-on-event-counts-1.json").read_text())
    assert len(ann["outcome"]["time_stepped"]) == 1
    accuracy = 100 * ann["outcome"]["time_stepped"][0]
    assert f"ANN on event counts: {accuracy:.1f} % (95 % interval " in printed
    found = json.loads((tmp_path / "mtt-1.json").read_text())
    assert len(found["outcome"]["time_stepped"]) == 20
    assert f"{100 * found['outcome']['long_stepped']:.1f} ± 0.0" in printed
    assert "T = 200" in printed
    assert found["settings"]["method"] == "mtt"
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    assert len(stamps) == 10  # without a refit, three of 13 are those without one
    # Two pre-trainings, one for half the spikes; nine trainings; one rounded.
    assert len(list(tmp_path.glob("begun-*.state"))) == 12
    assert main(["study", *arguments]) == 0
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}


@pytest.mark.usefixtures("few")
def test_study_of_some_variants(tmp_path, capsys):
    chosen = [*TINY, "--set", "refit_samples=20", "--only", "MTT, no refit", "SDT, no refit"]
    arguments = ["saccades", *chosen, "--seeds", "1", "--jobs", "1", "--output", str(tmp_path)]
    assert main(["study", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "MTT, no refit over SDT, no refit, integer: " in printed
    stems = ("ann-on-event-counts", "mtt--no-refit", "sdt--no-refit")
    assert {path.stem for path in tmp_path.glob("*.json")} == {f"{stem}-1" for stem in stems}
    assert "over SDT, no refit" in (tmp_path / "report.html").read_text()


@pytest.mark.usefixtures("few")
def test_study_of_networks_for_time_steps_alone(tmp_path, capsys):
    settings = ["saccades", *TINY, "--set", "target=steps", "--set", "batch=10"]
    assert main(["study", *settings, "--seeds", "1", "--jobs", "1", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "MTT, T log-uniform" in printed
    assert "T = 2..20" in printed
    assert "integer" not in printed
    found = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert len(found) == 5
    assert all(item["outcome"]["events"] is None for item in found)
    # Batch norm's statistics are those of each number of time steps: they are not all alike.
    assert any(len(set(item["outcome"]["time_stepped"])) > 1 for item in found)
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 1
    assert "answers of the column T = 10" in page


@pytest.mark.usefixtures("few")
def test_a_run_with_other_settings_is_made_anew(tmp_path, monkeypatch):
    settings = Settings(
        pretrain_epochs=0, epochs=0, simulated=0, refit_samples=0, steps_range=(2, 3), steps=3
    )
    runs = []

    class Watched(outcomes.Trainer):
        def __init__(self, *arguments):
            runs.append(arguments[0])
            super().__init__(*arguments)

    monkeypatch.setattr(outcomes, "Trainer", Watched)
    first = outcomes.outcome(Variant("MTT", settings), 5, tmp_path)
    assert outcomes.outcome(Variant("MTT", settings), 5, tmp_path) == first
    outcomes.outcome(Variant("MTT", replace(settings, steps=4)), 5, tmp_path)
    assert [item.steps for item in runs] == [3, 4]


def test_no_more_are_judged_than_is_affordable(monkeypatch):
    aside = load("saccades", "test")
    monkeypatch.setattr(outcomes, "JUDGED", 4)
    judged = outcomes._judged(aside)
    assert judged.labels == tuple(aside.labels[place] for place in (0, 125, 250, 375))
    first, again = judged[1][0], judged[1][0]
    assert first is again  # made once
    assert np.array_equal(first.addresses, aside[125][0].addresses)
    monkeypatch.setattr(outcomes, "JUDGED", 900)
    assert outcomes._judged(aside.part(range(3))).labels == aside.labels[:3]


def test_quick_takes_samples_away_and_leaves_what_is_set():
    fewer = quick_changes(Settings(pretrain_epochs=1))
    quick = read_experiment("saccades", [*fewer, "epochs=1", "samples=200"])
    assert (quick.pretrain_epochs, quick.epochs, quick.samples) == (1, 1, 200)
    assert quick.pretrain_samples < Settings().pretrain_samples
    names = {variant.name: variant.settings for variant in variants(quick, quick=True)}
    assert len(names) == 7
    assert {item.samples for item in names.values()} == {200}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no such experiment"),
        (["saccades", "--seeds", "0"], "seeds = 0: expected 1 to 100"),
        (["saccades", "--seeds", "9" * 20], f"seeds = {'9' * 20}: expected 1 to 100"),
        (
            ["saccades", "--only", "MTT", "mtt"],
            "--only 'mtt': no such variant: expected some of SDT",
        ),
        (["saccades", "--set", "method=sdt"], "--set method=...: expected none: a study compares"),
        (["saccades", "--quick", "--set", "epochs=x"], "epochs = 'x': expected an integer"),
    ],
)
def test_wrong_input(arguments, words, tmp_path, capsys):
    assert main(["study", *arguments, "--output", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
