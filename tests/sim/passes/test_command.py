"""`tickless sim --engine sdram` from a network file to the result."""

import json
from functools import partial

import pytest

from tests.sim.passes.test_engine import BENCH, SHAPE
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.gen.passes.program import make_program
from tickless.sim.passes.run import PassSimulation

MODULE = "tickless.sim.passes.run_samples"


@pytest.fixture(autouse=True)
def small_engine(monkeypatch):
    """The simulator that other tests build, too."""
    monkeypatch.setattr(f"{MODULE}.make_program", partial(make_program, shape=SHAPE))
    monkeypatch.setattr(f"{MODULE}.PassBench", lambda shape, clock_hz: BENCH)
    monkeypatch.setattr(f"{MODULE}.PassSimulation", partial(PassSimulation, optimize=False))


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    make_network().save(path)
    return path


def test_result_says_what_was_measured(network_file, tmp_path, capsys):
    arguments = ["sim", "--engine", "sdram", "--dataset", "saccades", "--samples", "2"]
    output = ["--network", str(network_file), "--output", str(tmp_path / "run")]
    assert main([*arguments, *output]) == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert set(result["agreement"].values()) == {1.0}
    assert result["accuracy"]["integer"] == result["accuracy"]["rtl"]
    assert result["weights"] == 2 * 2 * 9 + 10 * 2 * 9 * 9
    # One tile of the convolution, and four of the readout's ten classes.
    assert result["passes"] == 5
    assert result["events_per_layer"]["conv"] == result["events_in"]
    assert result["cycles_over_limit"] > 1
    assert 0 < result["lanes_busy"] < 1
    assert result["sdram_bytes_per_event"] > 2
    predicted = result["clock_hz"] / result["cycles_per_sample"]
    assert result["recordings_per_second_predicted"] == pytest.approx(predicted)
    assert "agreement with the golden model   classes 100.00%" in capsys.readouterr().out


@pytest.mark.parametrize("other", [["--stalls"], ["--budget", "4"], ["--mesh", "2x2"]])
def test_options_of_other_designs_are_refused(network_file, other, capsys):
    arguments = ["sim", "--engine", "sdram", "--network", str(network_file), *other]
    assert main(arguments) == 2
    assert "--engine sdram: expected no option of other designs" in capsys.readouterr().err


def test_a_network_that_the_engine_cannot_compute_is_refused(network_file, monkeypatch, capsys):
    narrow = partial(make_program, shape=SHAPE, sdram_words=1 << 12)
    monkeypatch.setattr(f"{MODULE}.make_program", narrow)
    assert main(["sim", "--engine", "sdram", "--network", str(network_file)]) == 2
    assert "SDRAM of 8192 bytes: the network takes" in capsys.readouterr().err
