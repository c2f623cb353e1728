import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.folding import (
    Folding,
    choices,
    clocks_per_event,
    fold_fully,
    fold_to_budget,
    window,
)
from tickless.sw.integer.specs import LayerSpec, layer_geometries

CHAIN = layer_geometries(
    (2, 34, 34),
    [
        LayerSpec("conv2d", 8, 3, 2, 1),
        LayerSpec("conv2d", 16, 3, 1, 1, groups=2),
        LayerSpec("readout", 10),
    ],
)


def test_steps_of_a_whole_window():
    stride_2, stride_1, readout = CHAIN
    assert clocks_per_event([stride_2], Folding(8, 4)) == 1
    assert clocks_per_event([stride_2], Folding(8, 1)) == 4
    assert clocks_per_event([stride_2], Folding(1, 2)) == 16
    assert clocks_per_event([stride_1], Folding(8, 9)) == 1
    assert clocks_per_event([stride_1], Folding(8, 6)) == 2
    assert clocks_per_event([stride_1], Folding(4, 2)) == 12
    assert clocks_per_event([readout], Folding(5, 1)) == 2
    assert clocks_per_event([stride_1], Folding(4, 2, single_port=True)) == 24


def test_a_group_across_a_block_boundary_takes_a_step_more():
    (thirds,) = layer_geometries((3, 8, 8), [LayerSpec("conv2d", 12, 1, groups=3)])
    assert clocks_per_event([thirds], Folding(4, 1)) == 1
    assert clocks_per_event([thirds], Folding(6, 1)) == 2


def test_steps_of_oblong_and_dilated_windows():
    oblong, dilated, coprime = (
        layer_geometries((1, 16, 16), [spec])
        for spec in (
            LayerSpec("conv2d", 1, (4, 1), stride=(1, 2)),
            LayerSpec("conv2d", 1, 3, dilation=2),
            LayerSpec("conv2d", 1, (1, 4), stride=(1, 2), dilation=(1, 3)),
        )
    )
    assert window(*oblong) == (4, 1)
    assert [clocks_per_event(oblong, Folding(1, taps)) for taps in (1, 2, 4)] == [4, 2, 1]
    # Every second of five rows and columns.
    assert window(*dilated) == (5, 5)
    clocks = [clocks_per_event(dilated, Folding(1, taps)) for taps in (1, 2, 3, 5, 10, 15, 25)]
    assert clocks == [9, 9, 6, 3, 3, 2, 1]
    # Two of the four weights, of columns 3 apart.
    assert window(*coprime) == (1, 4)
    assert [clocks_per_event(coprime, Folding(1, taps)) for taps in (1, 3, 4)] == [2, 2, 1]


def test_steps_of_a_joins_smaller_edge_follow_from_the_tap_grid_of_the_larger():
    small = LayerSpec("conv2d", 1, kernel=(3, 1), padding=(1, 0))
    large = LayerSpec("conv2d", 1, kernel=3, padding=1)
    edges = [layer_geometries((1, 9, 9), [spec])[0] for spec in (small, large)]
    # A row of three positions at once, of which the edge reaches one.
    assert clocks_per_event(edges, Folding(1, 3)) == 3
    assert clocks_per_event(edges, Folding(1, 6)) == 2
    assert clocks_per_event(edges[::-1], Folding(1, 3)) == 3


def test_full_folding_takes_an_event_a_clock():
    network = random_network(np.random.default_rng(3))
    for layer, folding in zip(network.layers, fold_fully(network), strict=True):
        assert clocks_per_event([edge.geometry for edge in layer.edges], folding) == 1
        assert folding in choices(layer)


def test_budget_is_used_where_it_is_slow():
    network = random_network(np.random.default_rng(3))
    count = len(network.layers)
    for busiest in range(count):
        events = [1.0] * count
        events[busiest] = 1000.0
        least = fold_to_budget(network, events, count)
        assert least == (Folding(1, 1),) * count
        folded = fold_to_budget(network, events, count + 3)
        assert sum(folding.updates for folding in folded) <= count + 3
        assert all(
            folding == Folding(1, 1) for index, folding in enumerate(folded) if index != busiest
        )
    whole = fold_to_budget(network, [1.0] * count, 10**6)
    clocks = [
        clocks_per_event([edge.geometry for edge in layer.edges], folding)
        for layer, folding in zip(network.layers, whole, strict=True)
    ]
    assert max(clocks) == 1


def test_impossible_budgets():
    network = random_network(np.random.default_rng(3))
    count = len(network.layers)
    with pytest.raises(ValueError, match=f"budget = 1: expected at least {count}"):
        fold_to_budget(network, [1.0] * count, 1)
    with pytest.raises(ValueError, match=f"1 event counts: expected {count}"):
        fold_to_budget(network, [1.0], 100)
