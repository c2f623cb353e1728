import json
import math

import numpy as np
import pytest

from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.data.frames import FrameSource
from tickless.sw.integer import engine
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.judge import exits as exits_of
from tickless.sw.judge.early_exit import table
from tickless.sw.judge.exits import (
    Exit,
    choose_margin,
    event_exits,
    first_within,
    median_lead,
    step_exits,
)
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire


@pytest.fixture(scope="module")
def network():
    return Network.load(PRETRAINED / "saccades.safetensors")


def test_margins_trade_accuracy_for_operations(network):
    samples = load("saccades", "test")[:12]
    exits = event_exits(network, samples, [0, 2000, 10**9])
    assert [item.margin for item in exits] == [0, 2000, 10**9, math.inf]
    first, middle, never, whole = exits
    assert (first.decided, never.decided, whole.decided) == (1, 0, 0)
    assert first.sops < middle.sops < whole.sops
    assert first.consumed < middle.consumed < whole.consumed
    assert (never.accuracy, never.sops) == (whole.accuracy, whole.sops)
    traces = [engine.run(network, events.addresses, (), 2000) for events, _ in samples]
    assert middle.sops == np.mean([trace.sops for trace in traces])
    assert whole.consumed == np.mean([len(events) for events, _ in samples])


def test_a_chosen_margin_is_the_smallest_that_loses_no_more(network, monkeypatch):
    samples = load("saccades", "train")[:30]
    monkeypatch.setattr(exits_of, "TRIED", exits_of.TRIED[20::3])
    median = median_lead(network, samples)
    margins = [int(share * median) for share in exits_of.TRIED]
    *exits, whole = event_exits(network, samples, margins)
    accuracies = [item.accuracy for item in exits]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] < accuracies[-1] == whole.accuracy
    for most in (0, 1, 4, 30):
        fine = [item for item in exits if round(30 * (whole.accuracy - item.accuracy)) <= most]
        assert choose_margin(network, samples, most / 30) == fine[0]


@pytest.mark.parametrize(
    ("right", "most_lost", "place"),
    [
        ([10, 90, 97, 96, 97, 97], 0, 4),
        ([10, 90, 97, 96, 97, 97], 1, 2),
        ([10, 90, 97, 96, 97, 97], 0.9, 4),
        ([97, 98, 97], 0, 0),
        ([97, 95, 96], 0, None),
    ],
)
def test_first_margin_from_which_on_all_are_within(right, most_lost, place):
    assert first_within(right, most_lost) == place


def test_no_margin_is_chosen_where_all_lose_more(network, monkeypatch):
    samples = load("saccades", "train")[:30]
    monkeypatch.setattr(exits_of, "TRIED", (0.001, 0.002))
    assert choose_margin(network, samples, 0) is None


def test_a_margin_is_chosen_on_training_recordings_and_judged_on_others(
    network, monkeypatch, capsys
):
    monkeypatch.setattr("tickless.sw.judge.early_exit.CHOOSING", 40)
    file = str(PRETRAINED / "saccades.safetensors")
    arguments = ["judge", "early-exit", file, "--samples", "4", "--json", "-", "--most-lost"]
    assert main([*arguments, "2.5"]) == 0
    output = capsys.readouterr()
    training = load("saccades", "train")
    some = training.part(place * len(training) // 40 for place in range(40))
    chosen = choose_margin(network, some, 0.025)
    assert chosen is not None
    assert f"margin {chosen.margin:,}: chosen on 40 training recordings" in output.err
    figures = json.loads(output.out)
    assert [item["margin"] for item in figures["events"]] == [chosen.margin, None]
    monkeypatch.setattr(exits_of, "TRIED", (0.001,))
    assert main([*arguments, "0"]) == 1
    assert "every margin loses more on 40 training recordings" in capsys.readouterr().err
    for wrong in ("-1", "100", "x"):
        with pytest.raises(SystemExit):
            main([*arguments, wrong])
        assert "--most-lost" in capsys.readouterr().err


def test_margins_as_shares_of_the_median_lead(network, monkeypatch, capsys):
    monkeypatch.setattr("tickless.sw.judge.early_exit.CHOOSING", 40)
    file = str(PRETRAINED / "saccades.safetensors")
    arguments = ["judge", "early-exit", file, "--samples", "2", "--json", "-", "--leads"]
    assert main([*arguments, "0.25", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    median = median_lead(network, load("saccades", "train").evenly(40))
    margins = [item["margin"] for item in figures["events"]]
    assert margins == [int(0.25 * median), int(median), None]
    for wrong in ("-1", "0", "inf", "nan", "x"):
        with pytest.raises(SystemExit):
            main([*arguments, wrong])
        assert "--leads" in capsys.readouterr().err


def test_time_steps_are_left_once_the_lead_is_large_enough():
    samples = load("saccades", "test")[:6]
    model = SpikingNetwork(
        (2, 34, 34),
        [LayerSpec("conv2d", 4, 3, 2, 1), LayerSpec("readout", 10)],
        IntegrateAndFire(-2.0),
    )
    exits = step_exits(model, samples, steps=4)
    frames = FrameSource(samples, model.sensor).frames(range(6), 4)
    logits = [model(frames[: step + 1])[0].detach().numpy() for step in range(4)]
    leads = np.array([np.diff(np.sort(part)[:, -2:])[:, 0] for part in logits])
    labels = np.array(samples.labels)
    for item in exits:
        last = [next((t for t in range(3) if leads[t, k] >= item.margin), 3) for k in range(6)]
        right = [logits[t][k].argmax() == labels[k] for k, t in enumerate(last)]
        assert item.consumed == pytest.approx(np.mean(last) + 1)
        assert item.accuracy == pytest.approx(np.mean(right))
    assert exits[-1].consumed == 4


def test_figures_are_the_same_whatever_the_number_of_workers(network):
    samples = load("saccades", "test")[:60]
    model = Checkpoint.load(PRETRAINED / "saccades.checkpoint.safetensors").model
    assert event_exits(network, samples, [500], jobs=2) == event_exits(network, samples, [500])
    ours, theirs = step_exits(model, samples, 5, jobs=2), step_exits(model, samples, 5)
    assert str(ours) == str(theirs)  # their operations are not numbers


def test_samples_without_events_consume_all_of_nothing():
    nothing = [Exit(0, 0.5, 1, 0, 0, 0), Exit(math.inf, 0.5, 0, 0, 0, 0)]
    assert table("title", "events", nothing).splitlines()[2].split()[-3:-1] == ["100.0%", "0"]


def test_what_is_dropped_is_told_and_much_of_it_is_a_warning(tmp_path, capsys):
    for name, outside in (("a", 20), ("b", 0)):
        x = [99] * outside + [5] * (100 - outside)
        rows = "".join(f"{t},{column},5,1\n" for t, column in enumerate(x))
        path = tmp_path / f"pets/test/{name}/1.csv"
        path.parent.mkdir(parents=True)
        path.write_text(f"t,x,y,p\n{rows}")
    (tmp_path / "pets/dataset.toml").write_text("sensor = [2, 34, 34]\n")
    network = str(PRETRAINED / "saccades.safetensors")
    arguments = ["judge", "early-exit", network, "--dataset", str(tmp_path / "pets")]
    for form in ([], ["--json", "-"]):
        assert main([*arguments, "--margins", "500", *form]) == 0
        output = capsys.readouterr()
        assert "warning: 1 recording loses more than 1%" in output.err
        assert "20 of 100, most in a/1.csv (20.0%)" in output.err
        if form:
            exits = json.loads(output.out)["events"]
            assert [item["dropped"] for item in exits] == [10, 10]
        else:
            head, *lines = output.out.splitlines()[1:4]
            assert head.split()[-1] == "dropped"
            assert {line.split()[-1] for line in lines} == {"10.0"}


def test_figures_as_json(capsys):
    network = str(PRETRAINED / "saccades.safetensors")
    arguments = ["--samples", "4", "--margins", "500", "--json", "-"]
    assert main(["judge", "early-exit", network, *arguments]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["samples"] == 4
    assert [item["margin"] for item in figures["events"]] == [500, None]
    assert figures["events"][0]["sops"] < figures["events"][1]["sops"]
    assert figures["time_steps"][-1]["consumed"] == 20
    assert figures["time_steps"][-1]["sops"] is None


def test_command_line(tmp_path, capsys):
    picture = tmp_path / "exits.png"
    network = PRETRAINED / "saccades.safetensors"
    assert (
        main(
            [
                "judge",
                "early-exit",
                str(network),
                "--samples",
                "4",
                "--margins",
                "500",
                "--plot",
                str(picture),
            ]
        )
        == 0
    )
    text = capsys.readouterr().out
    assert "saccades, 4 samples, event by event" in text
    assert "in time steps, 20 at most" in text
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["judge", "early-exit", "missing.safetensors"]) == 2
    assert "missing.safetensors: no such network file" in capsys.readouterr().err
