import pytest

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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.safetensors"], "missing.safetensors: no such network file"),
        ([str(PRETRAINED / "dvsgesture.safetensors")], "no such checkpoint"),
    ],
)
def test_wrong_input(arguments, words, capsys):
    assert main(["judge", "accuracy", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--steps", "--samples"])
@pytest.mark.parametrize("number", ["0", "-3"])
def test_numbers_are_at_least_one(option, number, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["judge", "accuracy", str(SACCADES), option, number])
    assert f"argument {option}: {number}: expected at least 1" in capsys.readouterr().err
