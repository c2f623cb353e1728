import numpy as np
import pytest

from tickless.command import main
from tickless.errors import InputError
from tickless.sw.integer import engine
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.training.architectures import layers
from tickless.sw.untrained import SPIKES_PER_EVENT, untrained_network

SPECS = [
    LayerSpec("conv2d", 4, 3, padding=1),
    LayerSpec("conv2d", 6, 3, stride=2),
    LayerSpec("readout", 3),
]


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


def test_a_network_with_shortcuts_is_refused(recordings):
    with pytest.raises(InputError, match="expected a chain of layers, without shortcuts"):
        untrained_network((2, 10, 10), layers("resnet18", 10), recordings, 1)
