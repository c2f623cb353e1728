from dataclasses import replace
from typing import Any

import nir
import numpy as np
import pytest
import torch

from tests.random_networks import random_network
from tickless.command import main
from tickless.errors import InputError
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.integer.engine import run
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.nir import import_command
from tickless.sw.nir.export import export, to_nir
from tickless.sw.nir.importing import ChangedExportWarning, from_nir
from tickless.sw.nir.semantics import FRAMEWORKS
from tickless.sw.training.float_engine import FloatEngine

EXPORTED = "integers, floors and widths as they were exported"


@pytest.mark.parametrize("seed", range(40))
def test_the_import_of_an_export_gives_the_same_integers(seed, tmp_path):
    network = random_network(np.random.default_rng(seed), shortcuts=seed % 3)
    export(network, tmp_path / "a.nir")
    for graph in (tmp_path / "a.nir", to_nir(network)):
        imported = from_nir(graph)
        assert imported.network.hash == network.hash
        assert EXPORTED in imported.notes
        neurons = imported.checkpoint.model.layer_neurons
        resets = [layer.reset for layer in network.layers[:-1]]
        assert [getattr(neuron, "reset", None) for neuron in neurons][
            : len(resets)
        ] == resets or not resets


@pytest.mark.parametrize("name", ["nmnist", "nmnist-small", "dvsgesture"])
def test_exports_are_graphs_that_the_package_reads(name, tmp_path):
    network = Network.load(PRETRAINED / f"{name}.safetensors")
    export(network, tmp_path / "a.nir")
    graph: Any = nir.read(tmp_path / "a.nir")
    assert graph.check_types()
    kinds = [type(node).__name__ for node in graph.nodes.values()]
    assert kinds.count("IF") == len(network.layers) - 1
    first = graph.nodes["0_neurons"]
    assert (first.v_threshold == 1).all()
    layer = network.layers[0]
    assert np.array_equal(first.metadata["floor"], layer.floor / layer.threshold)
    assert first.metadata["spikes_per_event"] == 1
    # Weights are in thresholds, of what average pooling gives.
    real, edge = graph.nodes["0_weights"].weight, layer.edges[0]
    unit = layer.threshold[:, None, None, None]
    np.testing.assert_allclose(real, edge.weight / unit * edge.geometry.pool**2, rtol=1e-12)


def test_the_real_network_of_an_export_runs_as_its_integers_do(tmp_path):
    network = Network.load(PRETRAINED / "nmnist-small.safetensors")
    export(network, tmp_path / "a.nir")
    model = from_nir(tmp_path / "a.nir").checkpoint.model
    events = np.random.default_rng(0).integers(0, network.input_shape, (500, 3)).astype(np.int32)
    trace, (logits, spikes, _) = run(network, events), FloatEngine(model).run(events)
    assert len(spikes[0]) == len(trace.layers[0].spikes) > 50
    np.testing.assert_allclose(logits, trace.logits * network.logit_scale, rtol=0.05, atol=0.5)


def begun(network, *logits):
    """The same network, its logits beginning at these."""
    *layers, readout = network.layers
    initial = np.array(logits, np.int32)
    return replace(network, layers=(*layers, replace(readout, initial_logits=initial)))


@pytest.mark.parametrize("seed", range(6))
def test_initial_logits_are_the_bias_of_one_time_step(seed, tmp_path):
    network = random_network(np.random.default_rng(seed), shortcuts=seed % 3)
    logits = np.random.default_rng(seed).integers(-(2**31), 2**31, network.classes).tolist()
    network = begun(network, *logits)
    graph: Any = to_nir(network)
    [last] = [name for name, target in graph.edges if target == "output"]
    node = graph.nodes[last]
    assert node.metadata["bias_steps"] == 1
    np.testing.assert_allclose(node.bias, np.array(logits) * network.logit_scale)
    node.bias = node.bias.astype(np.float32)
    nir.write(tmp_path / "a.nir", graph)
    single = from_nir(tmp_path / "a.nir")
    assert EXPORTED in single.notes
    assert np.abs(single.network.initial_logits - np.array(logits)).max() <= 128
    exact = from_nir(to_nir(network))
    assert exact.network.hash == network.hash
    assert exact.checkpoint.model.readout.bias_steps == 1


@pytest.mark.parametrize("logits", [(0,) * 10, (-(2**31), 2**31 - 1, *range(8))])
def test_initial_logits_of_0_and_at_their_limits_come_back(logits):
    network = begun(Network.load(PRETRAINED / "saccades.safetensors"), *logits)
    imported = from_nir(to_nir(network))
    assert EXPORTED in imported.notes
    assert imported.network.hash == network.hash


def test_a_bias_that_an_export_did_not_have_makes_another_network():
    graph: Any = to_nir(Network.load(PRETRAINED / "saccades.safetensors"))
    [last] = [name for name, target in graph.edges if target == "output"]
    node = graph.nodes[last]
    graph.nodes[last] = nir.Affine(node.weight, np.full(10, 0.5), metadata=node.metadata)
    with pytest.warns(ChangedExportWarning):
        imported = from_nir(graph, bias_steps=2)
    unit = imported.network.logit_scale
    assert imported.network.initial_logits.tolist() == [round(1 / unit)] * 10


def test_other_time_steps_of_a_bias_are_another_network():
    network = begun(Network.load(PRETRAINED / "saccades.safetensors"), *range(-4, 6))
    assert network.classes == 10
    with pytest.warns(ChangedExportWarning):
        imported = from_nir(to_nir(network), bias_steps=3)
    assert EXPORTED not in imported.notes
    assert imported.network.initial_logits.tolist() == [3 * logit for logit in range(-4, 6)]


def low(neuron: Any) -> float:
    return neuron.floor


def test_a_graph_that_was_trained_on_is_quantized_anew(tmp_path):
    network = Network.load(PRETRAINED / "saccades.safetensors")
    graph: Any = to_nir(network)
    graph.nodes["0_weights"].weight = graph.nodes["0_weights"].weight * 1.01
    with pytest.warns(ChangedExportWarning, match=r"graph: weights, or what .* were changed since"):
        imported = from_nir(graph)
    assert EXPORTED not in imported.notes
    assert imported.network.hash != network.hash
    assert imported.network.provenance.method == "nir"
    # Floors are still those of the export, a layer's.
    floors = [np.median(layer.floor / layer.threshold) for layer in network.layers[:-1]]
    assert [low(each) for each in imported.checkpoint.model.layer_neurons] == floors
    assert not any("floor" in note for note in imported.notes)
    # Another floor is another network.
    assert EXPORTED not in from_nir(to_nir(network), floor=-2.0).notes


def test_without_its_metadata_a_graph_has_no_floor():
    graph = to_nir(Network.load(PRETRAINED / "saccades.safetensors"))
    graph.metadata = {}
    notes = from_nir(graph, semantics="sinabs").notes
    assert any("the graph has no floor: -8 thresholds were taken" in note for note in notes)


def test_damaged_metadata_are_refused():
    graph = to_nir(Network.load(PRETRAINED / "saccades.safetensors"))
    for text in ("{", '{"logit_scale": 1.0}', "[]"):
        graph.metadata = {"tickless": text}
        with pytest.raises(InputError, match="graph: "):
            from_nir(graph)


def test_a_layer_larger_than_what_is_read_of_it_cannot_be_said():
    def layer(name, geometry):
        size = 0 if geometry.kind == "readout" else geometry.output_shape[0]
        weight = np.ones(geometry.weight_shape, np.int8)
        bars = np.ones(size, np.int32)
        return Layer(name, (Edge(geometry, weight, 2),), bars, -bars, 32 if not size else 2)

    first = Geometry("conv2d", (1, 5, 5), (1, 3, 3), (2, 2))
    network = Network(
        (layer("a", first), layer("b", Geometry("readout", (1, 3, 3), (2, 1, 1), (3, 3))))
    )
    with pytest.raises(InputError, match=r"layer 'a': extent \(1, 3, 3\): expected \(1, 4, 4\)"):
        to_nir(network)


def test_the_commands_write_what_they_say(tmp_path, capsys):
    source = PRETRAINED / "nmnist-small.safetensors"
    graph, back = tmp_path / "a" / "a.nir", tmp_path / "b" / "net.safetensors"
    assert main(["export", str(source), "-o", str(graph)]) == 0
    assert main(["import", str(graph), "-o", str(back)]) == 0
    assert Network.load(back).hash == Network.load(source).hash
    checkpoint = Checkpoint.load(Checkpoint.beside(back))
    assert checkpoint.record["nir"]["source"] == "a.nir"
    told = capsys.readouterr().out
    assert "0_neurons" in told
    assert EXPORTED in told
    assert torch.isfinite(checkpoint.model.weights[0]).all()


def test_the_import_command_tells_what_is_missing(tmp_path, capsys):
    graph = to_nir(Network.load(PRETRAINED / "saccades.safetensors"))
    graph.metadata = {}
    nir.write(tmp_path / "a.nir", graph)
    arguments = ["import", str(tmp_path / "a.nir"), "-o", str(tmp_path / "net.safetensors")]
    assert main(arguments) == 2
    assert "--semantics sinabs|snntorch|spikingjelly|norse" in capsys.readouterr().err
    assert not (tmp_path / "net.safetensors").exists()
    assert main([*arguments, "--semantics", "sinabs", "--floor", "-2", "--bits", "6"]) == 0
    network = Network.load(tmp_path / "net.safetensors")
    assert {edge.weight_bits for layer in network.layers for edge in layer.edges} == {6}
    assert (
        main([*arguments, "--semantics", "norse", "--dataset", "dvsgesture", "--floor", "-2"]) == 2
    )
    assert "expected the sensor's" in capsys.readouterr().err


def test_the_commands_frameworks_are_those_that_are_known():
    assert tuple(FRAMEWORKS) == import_command.FRAMEWORKS
