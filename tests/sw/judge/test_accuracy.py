import json
import re
import shutil

import pytest

from tests import recordings
from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.judge.accuracy import accuracies

SACCADES = PRETRAINED / "saccades.safetensors"


@pytest.fixture(scope="module")
def found():
    model = Checkpoint.load(Checkpoint.beside(SACCADES)).model
    return accuracies(model, Network.load(SACCADES), load("saccades", "test")[:30], steps=12)


def test_a_network_runs_in_time_steps_and_without(found):
    assert len(found.time_stepped) == 12
    assert min(found.time_stepped[9:]) >= 0.9
    assert found.floating.accuracy >= 0.9
    assert found.integer.accuracy >= 0.9
    assert found.integer.samples == 30


def test_too_few_time_steps_cost_accuracy(found):
    # Trained at 8 to 40: the figures are the network's, not one figure several times.
    assert found.time_stepped[0] < found.time_stepped[9]


def test_command_line(capsys):
    assert main(["judge", "accuracy", str(SACCADES), "--samples", "5", "--steps", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "saccades: saccades, 5 test samples"
    assert [line.split("  ")[0] for line in lines[1:5]] == ["T = 1", "T = 2", "T = 3", "T = 2..3"]
    assert "no time step, 8 bits" in lines[6]
    assert "SOPs a sample" in lines[7]


def test_the_figures_are_the_same_whatever_the_number_of_workers():
    network = Network.load(SACCADES)
    model = Checkpoint.load(Checkpoint.beside(SACCADES)).model
    samples = load("saccades", "test")[:60]
    serial, parallel = (accuracies(model, network, samples, 5, jobs=jobs) for jobs in (1, 2))
    assert serial == parallel


def test_the_figures_are_the_same_on_a_device():
    network, samples = Network.load(SACCADES), load("saccades", "test")[:3]
    alone, batched = (accuracies(None, network, samples, 0, device=d) for d in (None, "cpu"))
    assert alone == batched


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["judge", "accuracy", str(SACCADES), "--samples", "1", "--device", "cuda"]) == 2
    assert "device = cuda: torch sees no GPU: expected cpu, or none" in capsys.readouterr().err


def test_figures_as_json(tmp_path, capsys, found):
    arguments = ["judge", "accuracy", str(SACCADES), "--samples=25", "--steps=2", "--jobs=1"]
    assert main([*arguments, "--json", str(tmp_path / "new" / "figures.json")]) == 0
    assert capsys.readouterr().out == ""
    figures = json.loads((tmp_path / "new" / "figures.json").read_text())
    assert figures["hash"] == Network.load(SACCADES).hash
    assert (figures["dataset"], figures["samples"], figures["seed"]) == ("saccades", 25, 1)
    assert len(figures["time_stepped"]) == 2
    assert 0 < figures["floating"]["accuracy"] <= 1
    assert figures["integer"]["samples"] == 25
    assert len(figures["integer"]["events"]) == 4
    assert main([*arguments, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == figures


def test_the_seed_chooses_the_samples(capsys):
    def sops(seed):
        arguments = ["--samples=3", "--steps=1", "--json=-", f"--seed={seed}"]
        assert main(["judge", "accuracy", str(SACCADES), *arguments]) == 0
        return json.loads(capsys.readouterr().out)["integer"]["sops"]

    assert sops(1) == sops(1) != sops(2)


def test_without_a_checkpoint_the_integer_network_is_judged(tmp_path, capsys):
    network = shutil.copy(SACCADES, tmp_path)
    assert main(["judge", "accuracy", network, "--samples", "5"]) == 0
    printed = capsys.readouterr()
    assert "no saccades.checkpoint.safetensors beside: the integer network alone" in printed.err
    lines = printed.out.splitlines()
    assert lines[0] == "saccades: saccades, 5 test samples"
    assert lines[1].startswith("no time step, 8 bits")
    assert len(lines) == 4
    assert lines[2].endswith("SOPs a sample, 0.0 events outside the sensor dropped")
    assert re.match(r"\d\.\d\d uJ a sample, an estimate: ", lines[3])


def test_recordings_without_labels_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    recordings.write(tmp_path / "dvsgesture_clips/1.bin", recordings.atis([(1, 2, 1, 3)]))
    network = str(PRETRAINED / "dvsgesture.safetensors")
    assert main(["judge", "accuracy", network]) == 2
    assert "dvsgesture: its recordings here have no labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.safetensors"], "missing.safetensors: no such network file"),
        ([str(SACCADES), "--samples", "10000"], "samples = 10000: saccades has 500 here"),
        ([str(SACCADES), "--json", "/proc/a/b"], "/proc/a: No such file or directory: expected"),
        ([str(SACCADES), "--cluster", "here"], "cluster = 'here': expected tcp://HOST:PORT"),
    ],
)
def test_wrong_input(arguments, words, capsys):
    assert main(["judge", "accuracy", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_time_steps_are_bounded(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["judge", "accuracy", str(SACCADES), "--steps", "9" * 20])
    assert f"argument --steps: {'9' * 20}: expected at most 1,000" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--steps", "--samples", "--jobs"])
@pytest.mark.parametrize("number", ["0", "-3"])
def test_numbers_are_at_least_one(option, number, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["judge", "accuracy", str(SACCADES), option, number])
    assert f"argument {option}: {number}: expected at least 1" in capsys.readouterr().err
