import numpy as np
import pytest

from gen.configure import design_config
from gen.fold import Folding, choices, fold_fully
from tests.networks import random_network


@pytest.mark.parametrize("seed", range(12))
def test_weight_words_hold_every_weight_at_its_documented_place(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    foldings = []
    for layer in network.layers:
        possible = choices(layer.geometry)
        foldings.append(possible[rng.integers(len(possible))])
    config = design_config(network, foldings)
    for layer, core in zip(network.layers, config.cores, strict=True):
        geometry, bits = layer.geometry, layer.weight_bits
        inputs = geometry.input_shape[0] // geometry.groups
        for channel in range(geometry.input_shape[0]):
            blocks = core.group_blocks(channel // inputs)
            for out in geometry.group_channels(channel):
                block, lane = divmod(out, core.lanes)
                for ky in range(geometry.kernel[0]):
                    for kx in range(geometry.kernel[1]):
                        place = (channel * geometry.kernel[0] + ky) * geometry.kernel[1] + kx
                        word = core.weights[place * core.blocks_per_event + block - blocks.start]
                        value = word >> (lane * bits) & ((1 << bits) - 1)
                        weight = int(layer.weight[out, channel % inputs, ky, kx])
                        assert value == weight & ((1 << bits) - 1)


def test_foldings_must_suit():
    network = random_network(np.random.default_rng(1))
    foldings = fold_fully(network)
    with pytest.raises(ValueError, match=r"expected \d, one a layer"):
        design_config(network, foldings[:-1])
    with pytest.raises(ValueError, match=r"lanes = 999: expected 1 to"):
        design_config(network, [Folding(999, 1), *foldings[1:]])
    with pytest.raises(ValueError, match=r"taps = 999: expected one of"):
        design_config(network, [Folding(1, 999), *foldings[1:]])


def test_a_shortcut_is_refused():
    network = random_network(np.random.default_rng(1), shortcuts=1)
    with pytest.raises(ValueError, match=r"layer 'layer\d': expected no shortcut"):
        design_config(network, fold_fully(network))
