import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import core_contents, layer_cores
from tickless.gen.cut import CoreLimits, cut_layer, cut_to_limits, memory_bits
from tickless.gen.folding import Folding, fold_fully


@pytest.fixture
def network():
    rng = np.random.default_rng(0)
    while True:
        network = random_network(rng, layers=2, size=12)
        if all(layer.output_shape[0] >= 5 for layer in network.layers[:-1]) and all(
            folding.taps > 1 for folding in fold_fully(network)[:-1]
        ):
            return network


def test_slices_cover_the_channels_in_whole_blocks(network):
    channels = network.layers[0].output_shape[0]
    for slices in range(1, channels + 1):
        folding = cut_layer(network.layers[0], fold_fully(network)[0], slices)
        count = min(slices, -(-channels // folding.lanes))
        foldings = [folding, *fold_fully(network)[1:]]
        layers = layer_cores(network, foldings, [count, 1, 1])
        cores, contents = layers[0], core_contents(network, layers)
        assert [core.first_channel % folding.lanes for core in cores] == [0] * count
        ends = [core.first_channel + core.output_shape[0] for core in cores]
        assert [*(core.first_channel for core in cores[1:]), channels] == ends
        assert [core.end_level for core in cores] == [0 if count > 1 else None] * count
        thresholds = sum((held.thresholds for held in contents[:count]), ())
        assert list(thresholds) == network.layers[0].threshold.tolist()


def test_limits_are_kept_with_few_slices(network):
    full = fold_fully(network)
    ones = [1] * len(network.layers)
    assert cut_to_limits(network, full, ones, CoreLimits()) == (full, tuple(ones))
    updates = max(full[0].updates // 2, full[-1].updates)
    foldings, slices = cut_to_limits(network, full, ones, CoreLimits(updates=updates))
    assert max(folding.updates for folding in foldings) <= updates
    channels, taps = full[0].lanes, full[0].taps
    assert slices[0] == next(n for n in range(1, 99) if -(-channels // n) * taps <= updates) > 1
    *spiking, readout = [memory_bits(core) for [core] in layer_cores(network, full, ones)]
    most = max(max(spiking) - 1, readout)
    foldings, slices = cut_to_limits(network, full, ones, CoreLimits(memory_bits=most))
    kept = [core for parts in layer_cores(network, foldings, slices) for core in parts]
    assert max(memory_bits(core) for core in kept) <= most


def test_refuses_what_cannot_be_cut(network):
    ones = [1] * len(network.layers)
    with pytest.raises(ValueError, match=r"updates at once, 1 allowed in each of its"):
        cut_to_limits(network, fold_fully(network), ones, CoreLimits(updates=1))
    folded = [Folding(1, 1)] * (len(ones) - 1)
    with pytest.raises(ValueError, match=r"2 updates at once, 1 allowed .* a readout is not cut"):
        cut_to_limits(network, [*folded, Folding(2, 1)], ones, CoreLimits(updates=1))
    with pytest.raises(ValueError, match="slices = 0: expected 1"):
        cut_layer(network.layers[0], Folding(1, 1), 0)
    with pytest.raises(ValueError, match="updates = 0: expected at least 1"):
        CoreLimits(updates=0)
    with pytest.raises(ValueError, match="a readout is not cut"):
        layer_cores(network, fold_fully(network), [1] * (len(ones) - 1) + [2])
    with pytest.raises(ValueError, match=r"slices = 2: expected 1\.\.1, since it has 1 blocks"):
        layer_cores(network, fold_fully(network), [2] + [1] * (len(ones) - 1))
