import numpy as np
import pytest

from tickless.command import main
from tickless.errors import InputError
from tickless.sw.integer import engine
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.thresholds import SPIKES_PER_EVENT
from tickless.sw.training.architectures import layers
from tickless.sw.untrained import untrained_network

SPECS = [
    LayerSpec("conv2d", 4, 3, padding=1),
    LayerSpec("conv2d", 6, 3, stride=2),
    LayerSpec("readout", 3),
]


RESIDUAL = [
    LayerSpec("conv2d", 6, 3, padding=1),
    LayerSpec("conv2d", 6, 3, padding=1),
    LayerSpec("conv2d", 6, 3, padding=1, shortcut=ShortcutSpec(0, 1, groups=6)),
    LayerSpec("conv2d", 8, 3, 2, 1),
    LayerSpec("conv2d", 8, 3, padding=1, shortcut=ShortcutSpec(2, 1, 2)),
    LayerSpec("readout", 3),
]
"""Two blocks, one right behind the other."""


@pytest.fixture
def recordings():
    rng = np.random.default_rng(0)
    return [rng.integers(0, (2, 10, 10), (400, 3)).astype(np.int32) for _ in range(2)]


def test_every_layer_keeps_its_rate(recordings):
    network = untrained_network((2, 10, 10), SPECS, recordings, seed=3)
    traces = [engine.run(network, events) for events in recordings]
    for index, layer in enumerate(network.layers[:-1]):
        events = sum(trace.layers[index].events for trace in traces)
        spikes = sum(len(trace.layers[index].spikes) for trace in traces)
        assert 0.4 * SPIKES_PER_EVENT * events < spikes <= SPIKES_PER_EVENT * events
        assert (layer.floor == -layer.threshold).all()
    assert network.provenance.method == "random"


def test_the_same_seed_gives_the_same_network(recordings):
    first, second, other = (
        untrained_network((2, 10, 10), SPECS, recordings, seed) for seed in (1, 1, 2)
    )
    assert first.hash == second.hash != other.hash


def test_committed_network_is_the_paper_s():
    network = Network.load(PRETRAINED / "dvsgesture.safetensors")
    assert [layer.output_shape for layer in network.layers] == [
        (8, 32, 32),
        (16, 16, 16),
        (32, 8, 8),
        (32, 4, 4),
        (64, 1, 1),
        (11, 1, 1),
    ]
    assert network.input_shape == (2, 128, 128)
    assert len(network.layers) == len(layers("mtt-gesture", 11))
    assert (network.provenance.dataset, network.provenance.method) == ("dvsgesture", "random")


def test_command_line(tmp_path, capsys, monkeypatch):
    path = tmp_path / "network.safetensors"
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    assert main(["untrained", "-o", str(path)]) == 2
    assert "no recordings there" in capsys.readouterr().err
    assert main(["untrained", "--samples", "0", "-o", str(path)]) == 2
    assert "samples = 0: expected at least 1" in capsys.readouterr().err
    assert main(["untrained", "--seed", "-1", "-o", str(path)]) == 2
    assert "seed = -1: expected at least 0" in capsys.readouterr().err
    assert not path.exists()


def test_weights_are_as_wide_as_asked_for(recordings):
    network = untrained_network((2, 10, 10), SPECS, recordings, 1, weight_bits=8)
    weights = np.concatenate([layer.edges[0].weight.reshape(-1) for layer in network.layers])
    assert {layer.edges[0].weight_bits for layer in network.layers} == {8}
    assert np.abs(weights.astype(int)).max() > 40


def test_every_layer_of_a_residual_network_spikes_as_asked_for(recordings):
    network = untrained_network((2, 10, 10), RESIDUAL, recordings, 1, weight_bits=8, spikes=300)
    traces = [engine.run(network, events) for events in recordings]
    for index, layer in enumerate(network.layers[:-1]):
        least = min(len(trace.layers[index].spikes) for trace in traces)
        assert 300 <= least < 330, layer.name
    shortcuts = [layer.edges[1] for layer in network.layers if len(layer.edges) > 1]
    assert [edge.source for edge in shortcuts] == ["conv2d1", "conv2d3"]
    assert (shortcuts[0].weight == 127).all()
    assert len(np.unique(shortcuts[1].weight)) > 10


def test_all_channels_of_all_layers_spike_on_other_recordings_too(recordings):
    specs = [LayerSpec("conv2d", 16, 3, padding=1)] * 6 + [LayerSpec("readout", 3)]
    network = untrained_network((2, 10, 10), specs, recordings, 1, weight_bits=8, spikes=1000)
    other = np.random.default_rng(5).integers(0, (2, 10, 10), (500, 3)).astype(np.int32)
    for layer in engine.run(network, other).layers:
        assert len(layer.spikes) > 500
        assert len(np.unique(layer.spikes[:, 0])) == 16


def test_spikes_that_a_layer_cannot_make_are_an_error_with_the_numbers(recordings):
    message = r"layer 'conv2d1': [\d,]+ spikes with a threshold of 1: expected 1,000,000"
    with pytest.raises(InputError, match=message):
        untrained_network((2, 10, 10), SPECS, recordings, 1, spikes=1_000_000)


def test_the_network_for_gestures_spikes_to_its_last_layer():
    events = np.random.default_rng(1).integers(0, (2, 128, 128), (20_000, 3)).astype(np.int32)
    specs = layers("mtt-gesture", 11)
    network = untrained_network((2, 128, 128), specs, [events], 1, spikes=2000)
    trace = engine.run(network, events)
    assert all(2000 <= len(layer.spikes) < 2200 for layer in trace.layers)
