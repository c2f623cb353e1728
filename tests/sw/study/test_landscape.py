import pytest

from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.study import beginnings
from tickless.sw.study.landscape import METHODS, PLACES, STEPS, Landscape, table
from tickless.sw.study.outcome import checkpoint_path
from tickless.sw.study.variants import Variant
from tickless.sw.training.architectures import layers
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire
from tickless.sw.training.settings import Settings


def test_table_has_means_over_the_seeds():
    rising = [abs(place) for place in PLACES]
    found = [
        Landscape("SDT", 1, 2.0, rising, [[-0.5, 0.5]] * len(STEPS)),
        Landscape("SDT", 2, 4.0, rising, [[0.1, 0.1]] * len(STEPS)),
        Landscape("MTT", 1, 1.0, [0.0] * len(PLACES), [[0.0, 0.0]] * len(STEPS)),
    ]
    _, sdt, mtt = table(found).splitlines()
    assert sdt.split() == ["SDT", "3", "0", "0.25", "0.5", *["30.0", "%"] * len(STEPS)]
    assert mtt.split()[:3] == ["MTT", "1", "0"]


def test_networks_of_a_study_are_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(beginnings, "PARTS", 120)
    arguments = ["saccades", "--seeds", "1", "--jobs", "1", "--set", "simulated=0"]
    arguments += ["--set", "steps=3", "--set", "refit_samples=20"]
    assert main(["study", "landscape", *arguments]) == 2
    assert "run tickless study first" in capsys.readouterr().err
    settings, folder = Settings(seed=1), tmp_path / "build" / "study" / "saccades"
    for name in METHODS:
        path = checkpoint_path(Variant(name, settings), 1, folder)
        network = SpikingNetwork(
            (2, 34, 34), layers("sparse", 10), IntegrateAndFire(-2.0), normalize=False
        )
        Checkpoint(network, "saccades", name.lower(), 1, 3).save(path)
    assert main(["study", "landscape", *arguments]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[2:5]] == ["SDT", "NMT", "MTT"]
    assert printed.splitlines()[5] == "0.0 events a sample outside the sensor dropped"
    for name in ("landscape.png", "rates.png"):
        assert (folder / name).stat().st_size > 5000
    assert main(["study", "landscape", *arguments, "--only", "MTT"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:4]] == ["MTT", "0.0"]
    assert main(["study", "landscape", *arguments, "--only", "MTT, no refit"]) == 2
    assert "mtt--no-refit-1.checkpoint.safetensors: not there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no such experiment"),
        (["nmnist-steps"], "target = 'steps': expected 'events'"),
        (["saccades", "--seeds", "0"], "seeds = 0: expected 1 to 100"),
    ],
)
def test_wrong_input(arguments, words, tmp_path, capsys):
    assert main(["study", "landscape", *arguments, "--output", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
