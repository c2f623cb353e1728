"""What `tickless import` says, and where it writes; see test_export.py for round trips."""

from typing import Any

import nir
import numpy as np
import pytest
import torch

from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.nir.export import to_nir
from tickless.sw.nir.importing import from_nir
from tickless.sw.nir.reading import GraphError
from tickless.sw.quantization.diagnosis import QuantizationWarning
from tickless.sw.training.neurons import LeakyIntegrateAndFire

from .graphs import chain, linear, neurons

SENSOR = (2, 34, 34)


def write(path, *nodes, sensor=SENSOR):
    nir.write(path, chain(*nodes, sensor=sensor))
    return str(path)


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def dense(outputs=10, inputs=2312):
    return linear(np.random.default_rng(0).normal(0, 0.1, (outputs, inputs)))


def test_the_columns_of_its_table_have_titles(tmp_path, capsys):
    graph = write(tmp_path / "a.nir", dense(), neurons((10,), r=1e4))
    assert main(["import", graph, "-o", str(tmp_path / "a.safetensors")]) == 0
    title, first, *_ = lines(capsys)
    assert title.split() == ["node", "primitive", "becomes", "exactness", "why"]
    assert first.index("exact") == title.index("exactness")


def test_nothing_is_made_for_a_graph_that_is_refused(tmp_path, capsys):
    graph = write(tmp_path / "a.nir", dense(), neurons((10,)))
    assert main(["import", graph, "-o", str(tmp_path / "new" / "a.safetensors")]) == 2
    assert "node '1' (IF): v_reset = 0" in capsys.readouterr().err
    assert main(["export", graph, "-o", str(tmp_path / "new" / "b.nir")]) == 2
    assert not (tmp_path / "new").exists()


def test_a_bias_of_the_readout_wants_the_time_steps_of_a_sample(tmp_path, capsys):
    weight = np.random.default_rng(0).normal(0, 0.1, (10, 2312))
    biased = nir.Affine(weight, np.linspace(-1, 1, 10))
    graph = write(tmp_path / "a.nir", biased)
    output = tmp_path / "a.safetensors"
    assert main(["import", graph, "-o", str(output)]) == 2
    assert "node '0' (Affine): bias of up to 1: " in capsys.readouterr().err
    assert main(["import", graph, "-o", str(output), "--bias-steps", "20"]) == 0
    said = capsys.readouterr().out
    assert "its bias times 20 time steps is where the logits begin" in said
    network = Network.load(output)
    assert f"initial logits of up to 20 rounded to units of {network.logit_scale:g}: " in said
    assert network.initial_logits[0] == round(-20 / network.logit_scale)
    beside = Checkpoint.beside(output)
    assert Checkpoint.load(beside).model.readout.bias_steps == 20
    again = tmp_path / "b.safetensors"
    assert main(["quantize", str(beside), "-o", str(again)]) == 0
    assert "initial logits of up to 20 rounded" in capsys.readouterr().out
    assert Network.load(again).initial_logits.tolist() == network.initial_logits.tolist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--floor", "-inf"], "one that begins with - is given as --option=VALUE"),
        (["--floor=-inf"], "-inf: expected a finite number below 0"),
        (["--floor=nan"], "nan: expected a finite number below 0"),
        (["--floor", "2"], "2: expected a finite number below 0"),
    ],
)
def test_floors_that_no_membrane_has(options, words, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["import", "a.nir", "-o", str(tmp_path / "a.safetensors"), *options])
    assert words in capsys.readouterr().err


def test_a_changed_export_is_told(tmp_path, capsys):
    graph: Any = to_nir(Network.load(PRETRAINED / "nmnist-small.safetensors"))
    graph.nodes["0_weights"].weight = graph.nodes["0_weights"].weight * 1.01
    nir.write(tmp_path / "a.nir", graph)
    output = tmp_path / "a.safetensors"
    assert main(["import", str(tmp_path / "a.nir"), "-o", str(output)]) == 0
    assert "warning: " in (told := capsys.readouterr().err)
    assert "were changed since" in told
    # Nor is it one where another floor is asked for.
    assert main(["import", str(tmp_path / "a.nir"), "-o", str(output), "--floor", "-2"]) == 0
    assert "warning: " not in capsys.readouterr().err


def test_messages_of_integers_name_the_node():
    weight = np.full((3, 4), 0.04)
    weight[1, 2] = 20.0
    graph = chain(linear(weight), neurons((3,)), sensor=(4,))
    with pytest.warns(QuantizationWarning, match="layer 'linear1', node '1': channel 1: a weigh"):
        from_nir(graph, semantics="sinabs")
    heavy = chain(linear(weight * 50), neurons((3,)), sensor=(4,))
    with pytest.raises(GraphError, match=r"layer 'linear1', node '1': channel 1 has a weight of 1"):
        from_nir(heavy, semantics="sinabs")


def test_a_network_that_leaks_is_judged_in_time_steps_and_event_by_event(tmp_path, capsys):
    leak = nir.LIF(*(np.full(10, value) for value in (0.01, 1.0, 0.0, 1.0)))
    graph = write(tmp_path / "a.nir", dense(), leak)
    output = tmp_path / "a.safetensors"
    options = ["--semantics", "norse", "--dt", "0.001", "--drop-leak"]
    assert main(["import", graph, "-o", str(output), *options]) == 0
    told = lines(capsys)
    assert any("leak left out (tau = 0.01 s, dt = 0.001 s): fine-tune it" in line for line in told)
    beside = Checkpoint.beside(output)
    [neuron] = Checkpoint.load(beside).model.layer_neurons
    assert neuron == LeakyIntegrateAndFire(0.9, strict=True)
    judge = ["judge", "accuracy", str(output), "--samples", "2", "--steps", "2"]
    assert main([*judge, "--dataset", "saccades"]) == 0
    told = lines(capsys)
    assert [line.split()[0] for line in told[1:3]] == ["T", "T"]
    assert not any("no time step, float" in line for line in told)
    assert any("no time step, 8 bits" in line for line in told)
    assert main(["quantize", str(beside), "-o", str(tmp_path / "b.safetensors")]) == 2
    assert "tickless train --from" in capsys.readouterr().err


def test_each_of_both_files_is_told_from_the_other(tmp_path, capsys):
    network = PRETRAINED / "nmnist-small.safetensors"
    assert main(["train", "--from", str(network), "--dataset", "nmnist"]) == 2
    told = capsys.readouterr().err
    assert f"{network}: an integer network: expected the checkpoint" in told
    assert "nmnist-small.checkpoint.safetensors" in told
    beside = str(Checkpoint.beside(network))
    assert main(["export", beside, "-o", str(tmp_path / "a.nir")]) == 2
    assert "a checkpoint, of real weights: expected the integer network" in capsys.readouterr().err
    assert torch.is_tensor(Checkpoint.load(beside).model.weights[0])
