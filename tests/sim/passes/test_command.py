"""`tickless sim --engine sdram` from a network file to the result."""

import json
from dataclasses import replace
from functools import partial

import pytest

from tests.sim.passes.test_engine import BENCH, SHAPE
from tests.sim.test_command import make_network
from tickless.command import main
from tickless.gen.passes.program import make_program
from tickless.sim.passes.run import PassSimulation

MODULE = "tickless.sim.passes.run_samples"


LIMIT = 8000
"""Words."""


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


def run(network_file, folder, *options, expected=0):
    """Result of the command."""
    output = ["--network", str(network_file), "--output", str(folder)]
    arguments = ["sim", "--engine", "sdram", "--dataset", "saccades", *options, *output]
    assert main(arguments) == expected
    return json.loads((folder / "result.json").read_text())


def test_result_says_what_was_measured(network_file, tmp_path, capsys):
    result = run(network_file, tmp_path / "run", "--samples", "2")
    assert set(result["agreement"].values()) == {1.0}
    assert result["accuracy"]["integer"] == result["accuracy"]["rtl"]
    assert result["weights"] == 2 * 2 * 9 + 10 * 2 * 9 * 9
    # One tile of the convolution, and four of the readout's ten classes.
    assert result["passes"] == 5
    assert (result["samples"], result["batch"], result["errors"]) == (2, 1, [])
    assert result["events_per_layer"]["conv"] == result["events_in"]
    assert result["cycles_over_limit"] > 1
    assert 0 < result["lanes_busy"] < 1
    assert result["sdram_bytes_per_event"] > 2
    predicted = result["clock_hz"] / result["cycles_per_sample"]
    assert result["recordings_per_second_predicted"] == pytest.approx(predicted)
    assert result["latency_seconds_predicted"] == pytest.approx(1 / predicted)
    assert "agreement with the golden model   classes 100.00%" in capsys.readouterr().out


def test_batches_share_the_transfer_of_weights_and_answer_later(network_file, tmp_path):
    single = run(network_file, tmp_path / "single", "--samples", "3", "--jobs", "1")
    batched = run(network_file, tmp_path / "batched", "--samples", "3", "--batch", "2")
    assert set(batched["agreement"].values()) == {1.0}
    assert (batched["samples"], batched["batch"]) == (3, 2)
    assert batched["events_per_layer"] == single["events_per_layer"]
    assert batched["sdram_bytes_per_event"] < single["sdram_bytes_per_event"]
    figures = ("recordings_per_second_predicted", "latency_seconds_predicted")
    for name in figures:
        assert batched[name] > single[name], name


def test_processes_change_no_figure(network_file, tmp_path):
    one, two = (run(network_file, tmp_path / n, "--samples", "3", "--jobs", n) for n in "12")
    for result in (one, two):
        del result["simulated_cycles_per_second"]
    assert one == two


def test_recordings_that_overflow_are_told_and_the_others_run(
    network_file, tmp_path, monkeypatch, capsys
):
    def narrow(network, shape):
        program = make_program(network, shape)
        # The longer of two recordings does not fit.
        return replace(program, lists=(replace(program.lists[0], words=LIMIT), *program.lists[1:]))

    whole = run(network_file, tmp_path / "whole", "--samples", "2")
    monkeypatch.setattr("tickless.sim.passes.batch.make_program", narrow)
    result = run(network_file, tmp_path / "run", "--samples", "2", "--jobs", "1", expected=1)
    assert (whole["samples"], result["samples"]) == (2, 1)
    assert set(result["agreement"].values()) == {1.0}
    [error] = result["errors"]
    assert f"expected at most {2 * LIMIT} bytes, its part of the SDRAM" in error
    assert error in capsys.readouterr().err
    monkeypatch.setattr(f"{__name__}.LIMIT", 10)
    folder = ["--network", str(network_file), "--output", str(tmp_path / "none")]
    assert main(["sim", "--engine", "sdram", "--samples", "2", "--jobs", "1", *folder]) == 1
    assert "expected at most 20 bytes" in capsys.readouterr().err


def test_a_core_a_layer_is_stated_beside(network_file, tmp_path, capsys):
    result = run(network_file, tmp_path / "run", "--samples", "1", "--beside", "ulx3s-85f")
    beside = result["on_chip"]
    assert (beside["board"], beside["refusal"]) == ("ulx3s-85f", None)
    assert 0 < beside["cycles_per_sample"] < result["cycles_per_sample"]
    text = capsys.readouterr().out
    assert f"{result['cycles_per_sample']:,.0f}" in text
    assert f"{beside['cycles_per_sample']:,.0f}" in text
    assert result["engine"]["memories"]["membranes"] > 0


@pytest.mark.parametrize("option", [("batch", "2"), ("beside", "ulx3s-85f")])
def test_options_of_the_sdram_engine_are_for_it_alone(network_file, option, capsys):
    name, value = option
    assert main(["sim", "--network", str(network_file), f"--{name}", value]) == 2
    expected = f"{name} = {value}: expected none without --engine sdram"
    assert expected in capsys.readouterr().err


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
