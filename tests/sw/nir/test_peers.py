"""Graphs that other frameworks wrote, beside what they do there: see peers/README.md."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tests.peers.comparison import GRAPHS, PEERS, differences
from tests.sw.integer.test_engine import assert_equal
from tickless.command import main
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import load
from tickless.sw.integer import engine, golden
from tickless.sw.integer.network import Network
from tickless.sw.nir.importing import from_nir, from_torch
from tickless.sw.nir.reading import GraphError
from tickless.sw.nir.semantics import FRAMEWORKS

each_peer = pytest.mark.parametrize("peer", PEERS)


@each_peer
def test_an_imported_network_spikes_in_time_steps_as_in_its_framework(peer):
    model = from_nir(GRAPHS / f"{peer}.nir", semantics=peer).checkpoint.model
    for differing, spikes in differences(model, GRAPHS / f"{peer}.npz"):
        assert spikes > 0
        assert differing == 0


@each_peer
def test_with_the_semantics_of_another_framework_it_does_not(peer):
    dt = FRAMEWORKS[peer].dt
    for other in set(PEERS) - {peer}:
        model = from_nir(GRAPHS / f"{peer}.nir", semantics=other, dt=dt).checkpoint.model
        assert any(differing for differing, _ in differences(model, GRAPHS / f"{peer}.npz"))


@each_peer
def test_its_integers_run_through_the_golden_model_as_through_the_engine(peer):
    network = from_nir(GRAPHS / f"{peer}.nir", semantics=peer).network
    events = load("saccades", "test")[0][0].addresses
    trace = golden.run(network, events)
    assert all(len(layer.spikes) for layer in trace.layers)
    assert_equal(engine.run(network, events), trace)


def test_networks_without_a_data_set_are_quantized_again_and_ask_for_one(tmp_path, capsys):
    graph, file = GRAPHS / "norse.nir", tmp_path / "net.safetensors"
    assert main(["import", str(graph), "--semantics", "norse", "-o", str(file)]) == 0
    again = tmp_path / "again.safetensors"
    assert main(["quantize", str(Checkpoint.beside(file)), "-o", str(again), "--bits", "4"]) == 0
    assert Network.load(again).layers[0].edges[0].weight_bits == 4
    assert main(["judge", "accuracy", str(file), "--samples", "2"]) == 2
    assert "names no data set: give --dataset" in capsys.readouterr().err
    judged = ["judge", "accuracy", str(file), "--samples", "2", "--steps", "2"]
    assert main([*judged, "--dataset", "saccades"]) == 0


def leaky(**options):
    """Neurons with the fields of snnTorch's that are looked at."""
    usual = {
        "beta": torch.ones(()),
        "threshold": torch.ones(()),
        "reset_mechanism": "subtract",
        "inhibition": False,
        "reset_delay": True,
        "graded_spikes_factor": torch.ones(()),
        "state_quant": False,
    }
    return type("Leaky", (SimpleNamespace,), {})(**usual | options)


def iaf(**options):
    """Neurons with the fields of sinabs' that are looked at."""
    named = {
        name: type(name, (SimpleNamespace,), {}) for name in ("MultiSpike", "MembraneSubtract")
    }
    usual = {
        "spike_threshold": torch.ones(()),
        "spike_fn": named["MultiSpike"],
        "reset_fn": named["MembraneSubtract"](subtract_value=None),
        "min_v_mem": None,
        "tau_syn": None,
        "alpha_syn": None,
    }
    return type("IAF", (SimpleNamespace,), {})(**usual | options)


@pytest.mark.parametrize(
    "neurons", [leaky(), leaky(reset_mechanism="zero", reset_delay=False), iaf()]
)
def test_neurons_as_they_are_by_default_become_a_layer(neurons):
    assert len(from_torch([nn.Linear(2, 3, bias=False), neurons], (2, 1, 1)).network.layers) == 2


@pytest.mark.parametrize(
    ("neurons", "name"),
    [
        (leaky(reset_delay=False), "reset_delay"),
        (leaky(graded_spikes_factor=torch.tensor(2.0)), "graded_spikes_factor"),
        (leaky(state_quant=torch.round), "state_quant"),
        (iaf(tau_syn=torch.tensor(5.0)), "tau_syn"),
        (iaf(alpha_syn=torch.tensor(0.5)), "alpha_syn"),
    ],
)
def test_options_of_neurons_that_no_layer_has_are_refused_by_name(neurons, name):
    with pytest.raises(GraphError, match=rf"module '1' \(\w+\): {name}"):
        from_torch([nn.Linear(2, 3, bias=False), neurons], (2, 1, 1))
