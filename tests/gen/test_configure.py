from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import chain_config, core_contents, layer_cores
from tickless.gen.folding import Folding, channel_blocks, choices, fold_fully


@pytest.mark.parametrize("seed", range(16))
def test_weight_words_hold_every_weight_at_its_documented_place(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, shortcuts=seed // 8)
    foldings, slices = [], []
    for layer in network.layers:
        possible = choices(layer)
        foldings.append(possible[rng.integers(len(possible))])
        most = 1 if layer.is_readout else channel_blocks(layer, foldings[-1])
        slices.append(int(rng.integers(1, most + 1)))
    layers = layer_cores(network, foldings, slices)
    held = iter(core_contents(network, layers))
    pairs = zip(network.layers, layers, strict=True)
    for layer, core in ((layer, core) for layer, cores in pairs for core in cores):
        words = next(held).weight_words
        first = 0
        for index, edge in enumerate(layer.edges):
            check_weights(core, words, index, first, edge.geometry, edge.weight)
            first += core.edge_depth(index)


def check_weights(core, words, index, first, geometry, weights):
    """Every weight of one edge whose channel the core has."""
    edge, bits = core.edges[index], core.weight_bits
    inputs = geometry.input_shape[0] // geometry.groups
    own = range(core.first_channel, core.first_channel + core.output_shape[0])
    for channel in range(geometry.input_shape[0]):
        span = core.group_blocks(edge, channel // inputs)
        for out in geometry.group_channels(channel):
            if out not in own:
                continue
            block, lane = divmod(out - core.first_channel, core.lanes)
            for ky in range(geometry.kernel[0]):
                for kx in range(geometry.kernel[1]):
                    place = (channel * geometry.kernel[0] + ky) * geometry.kernel[1] + kx
                    address = first + place * core.blocks_per_event(edge) + block - span.start
                    value = words[address] >> (lane * bits) & ((1 << bits) - 1)
                    weight = int(weights[out, channel % inputs, ky, kx])
                    assert value == weight & ((1 << bits) - 1)


def test_shapes_depend_on_no_weight():
    network = random_network(np.random.default_rng(2))
    layers = tuple(
        replace(
            layer,
            edges=tuple(replace(edge, weight=np.zeros_like(edge.weight)) for edge in layer.edges),
        )
        for layer in network.layers
    )
    blank = replace(network, layers=layers)
    foldings = fold_fully(network)
    config = chain_config(network, foldings)
    assert chain_config(blank, foldings) == config
    assert core_contents(blank, config.layers) != core_contents(network, config.layers)


def test_foldings_must_suit():
    network = random_network(np.random.default_rng(1))
    foldings = fold_fully(network)
    with pytest.raises(ValueError, match=r"expected \d, one a layer"):
        chain_config(network, foldings[:-1])
    with pytest.raises(ValueError, match=r"lanes = 999: expected 1 to"):
        chain_config(network, [Folding(999, 1), *foldings[1:]])
    with pytest.raises(ValueError, match=r"taps = 999: expected one of"):
        chain_config(network, [Folding(1, 999), *foldings[1:]])
