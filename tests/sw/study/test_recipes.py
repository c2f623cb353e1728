from dataclasses import replace

import pytest

from tickless.command import main
from tickless.sw.study import held_out
from tickless.sw.study.held_out import HeldOutScore
from tickless.sw.study.held_out_exits import HeldOutExit
from tickless.sw.study.recipes import recipes, table
from tickless.sw.training.settings import Settings


def test_all_recipes_cost_the_same():
    base = Settings(epochs=3, pretrain_samples=7000)
    compared = recipes(base)
    assert compared[0].settings == base
    assert len({variant.name for variant in compared}) == len(compared)
    changed = {"floor", "drop", "turn", "stretch", "cut", "rate_budget"}
    same = {name: getattr(base, name) for name in changed}
    for variant in compared:
        assert replace(variant.settings, **same) == base
    assert [variant.settings.floor for variant in compared[:4]] == [-2, -4, -8, -16]
    budgets = sorted({variant.settings.rate_budget for variant in compared})
    assert budgets == [base.rate_budget / factor for factor in (8, 4, 2, 1)]
    free = recipes(replace(base, rate_penalty=0.0))
    assert {variant.settings.rate_budget for variant in free} == {base.rate_budget}
    assert "varied simulation" not in {variant.name for variant in compared}
    last = compared[-1].settings
    assert (last.floor, last.drop, last.turn, last.stretch) == (-8, 0.2, 8, 0.08)


def test_simulated_samples_vary_where_they_can():
    by_name = {each.name: each.settings for each in recipes(Settings(dataset="nmnist"))}
    varied = [name for name, settings in by_name.items() if settings.varied]
    assert varied == ["varied simulation", "floor -8, augmented"]


def test_floors_are_lower_than_that_of_the_settings():
    floors = [variant.settings.floor for variant in recipes(Settings(floor=-8.0))]
    assert sorted(set(floors)) == [-16, -8]


def test_table_weighs_parts_by_their_recordings():
    parts = [
        HeldOutScore(100, {"one_step": 50, "integer": 99}, 10.0, 30.0, 9),
        HeldOutScore(300, {"one_step": 250, "integer": 291}, 50.0, 70.0, 10),
    ]
    head, row = table([("as it is", parts)]).splitlines()
    names = "one step integer 95 % interval busiest SOPs membrane bits early exit its SOPs"
    assert " ".join(head.split()) == names
    assert " ".join(row.split()) == "as it is 75.00% 97.50% 95.5 to 98.6 40 60 10 - -"


def test_table_has_early_exit():
    exits = [HeldOutExit(0.5, 98, 10.0), HeldOutExit(None, 98, 30.0)]
    part = HeldOutScore(100, {"integer": 98}, 10.0, 30.0, 9, exits=exits)
    _, row = table([("as it is", [part, part])]).splitlines()
    assert row.split()[-2:] == ["98.00%", "10"]


def judged(settings, parts, folder):
    """Instead of a training: what tells which one it was."""
    number = settings.seed % parts
    counts = {"one_step": 1, "time_stepped": 2, "float_events": 3, "integer": 4 + number}
    return HeldOutScore(10, counts, -settings.floor, settings.samples, 9)


def test_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(held_out, "judged_part", judged)
    arguments = ["nmnist", "--parts", "4", "--jobs", "1", "--output", str(tmp_path)]
    assert main(["study", "recipes", *arguments, "--set", "samples=77"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("nmnist: 40 recordings, ")
    rows = {line[:24].strip(): line[24:].split() for line in printed[2:]}
    assert rows["as it is"][:4] == ["10.00%", "20.00%", "30.00%", "55.00%"]
    assert rows["as it is"][-5:] == ["2", "77", "9", "-", "-"]
    assert rows["floor -16"][-5:] == ["16", "77", "9", "-", "-"]
    assert main(["study", "recipes", *arguments, "--only", "an eighth", "floor -4"]) == 0
    lines = capsys.readouterr().out.splitlines()[3:]
    assert [line[:24].strip() for line in lines] == ["floor -4", "an eighth"]
    assert main(["study", "recipes", *arguments, "--quick"]) == 0
    assert "6,000" in capsys.readouterr().out
    # An experiment beside it is still a study's.
    assert main(["study", "nowhere"]) == 2
    assert "no such experiment" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no such experiment"),
        (["saccades", "--parts", "1"], "parts = 1: expected at least 2"),
        (
            ["saccades", "--only", "a tenth"],
            "--only 'a tenth': no such variant: expected some of as",
        ),
        (["nmnist-steps"], "target = 'steps': expected 'events'"),
    ],
)
def test_wrong_input(arguments, words, tmp_path, capsys):
    assert main(["study", "recipes", *arguments, "--output", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
