import numpy as np
import pytest

from tests.random_networks import random_events
from tickless.sw.integer import engine, golden
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.integer.spiking_layer import FIRINGS, SpikingLayer


def by_the_contract(weight, threshold, floor, ceil, reset, events):
    """Spikes and membranes of a linear layer, its weights ``[outputs, inputs]``, by the formula."""
    membrane, spikes = [0] * len(weight), []
    for channel in events[:, 0].tolist():
        for neuron, synapses in enumerate(weight.tolist()):
            total = membrane[neuron] + synapses[channel]
            if total >= threshold[neuron]:
                spikes.append([neuron, 0, 0])
                total = 0 if reset == "zero" else total - int(threshold[neuron])
            membrane[neuron] = min(max(total, int(floor[neuron])), ceil)
    return spikes, membrane


LIMITS = [
    # ceil, floor, weight, threshold, type of the membranes
    (2**15 - 1 - 127, -1, 127, 2**15 - 128, np.int16),
    (2**15 - 127, -1, 127, 2**15 - 127, np.int32),
    (1, -(2**15 - 1 - 128), -128, 2, np.int16),
    (1, -(2**15 - 128), -128, 2, np.int32),
    (2**14 - 1, -(2**14 - 1), 2**14, 2**14, np.int16),
    (2**14 - 1, -(2**14), 2**14, 2**14, np.int32),
    (2**14 - 1, -(2**14 - 1), -(2**14), 1, np.int16),
    (0, -1, 2**15 - 2, 2**15 - 1, np.int16),
    (100, -100, 100, 2**15 - 1, np.int16),
    (100, -100, 100, 2**15, np.int32),
    (2**23 - 1, -(2**23), 127, 2**23, np.int32),
]


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize(("ceil", "floor", "weight", "threshold", "dtype"), LIMITS)
def test_membranes_are_int16_just_where_every_sum_fits(
    ceil, floor, weight, threshold, dtype, reset
):
    rng = np.random.default_rng(abs(weight))
    outputs, inputs = 37, 5
    (geometry,) = layer_geometries((inputs, 1, 1), [LayerSpec("linear", outputs)])
    weights = rng.choice([weight, -weight, weight // 2, 1, 0], (outputs, inputs))
    weights = np.clip(weights, -abs(weight), weight if weight > 0 else -weight - 1)
    weights[:3, 0] = weight  # so that a neuron goes to the limit and past it
    kind = np.int8 if abs(weight) <= 128 else np.int16
    weights = weights.astype(kind)
    thresholds = rng.choice([threshold, max(1, threshold // 2), 1], outputs).astype(np.int32)
    thresholds[:2] = threshold
    floors = rng.choice([floor, -1], outputs).astype(np.int32)
    floors[0] = floor
    layer = SpikingLayer(
        [(geometry, weights.reshape(geometry.weight_shape))], thresholds, floors, ceil, reset
    )
    types = {array.dtype for array in layer.edges.arrays[-2:]}
    assert types == {np.dtype(dtype)}
    channels = np.concatenate(
        (np.zeros(600, int), rng.integers(0, inputs, 300), np.zeros(300, int))
    )
    events = np.zeros((len(channels), 3), np.int32)
    events[:, 0] = channels
    trace = layer.run(events)
    spikes, membrane = by_the_contract(weights, thresholds, floors, ceil, reset, events)
    assert trace.spikes.tolist() == spikes
    assert trace.membrane.dtype == np.int32
    assert trace.membrane.reshape(-1).tolist() == membrane


@pytest.mark.parametrize("bits", [11, 15, 16])
@pytest.mark.parametrize(
    "spec",
    [
        LayerSpec("conv2d", 33, 3, padding=1),
        LayerSpec("conv2d", 64, 3, padding=1),
        LayerSpec("conv2d", 70, 3, stride=2, padding=1),
        LayerSpec("conv2d", 12, 5, stride=(1, 2), padding=2, pool=2),
        LayerSpec("conv2d", 96, 3, padding=1, groups=2),
        LayerSpec("conv2d", 40, 4, stride=2, padding=2, dilation=2),
        LayerSpec("conv2d", 24, 3, stride=3, padding=2, dilation=2),
        LayerSpec("linear", 100),
    ],
    ids=str,
)
def test_registers_end_within_runs_and_behind_them(spec, bits):
    """Layers of more neurons than a register, in int16, int32 and float32."""
    rng = np.random.default_rng(bits)
    geometries = layer_geometries((4, 9, 11), [spec, LayerSpec("readout", 3)])
    geometry, channels = geometries[0], spec.channels
    weight = rng.integers(-40, 60, geometry.weight_shape).astype(np.int8)
    threshold = rng.integers(30, 150, channels).astype(np.int32)
    floor = -rng.integers(1, 200, channels).astype(np.int32)
    none = np.zeros(0, np.int32)
    answer = np.ones(geometries[1].weight_shape, np.int8)
    network = Network(
        (
            Layer("hidden", (Edge(geometry, weight, 8),), threshold, floor, bits),
            Layer("readout", (Edge(geometries[1], answer, 2),), none, none, 32),
        )
    )
    events = random_events(rng, network, 60, outside=0)
    expected, found = golden.run(network, events), engine.run(network, events)
    assert len(expected.layers[0].spikes) > 50
    real = SpikingLayer(
        [(geometry, weight.astype(np.float32))],
        threshold.astype(np.float32),
        floor.astype(np.float32),
        network.layers[0].ceil,
    ).run(events)
    for trace in (found.layers[0], real):
        np.testing.assert_array_equal(trace.spikes, expected.layers[0].spikes)
        np.testing.assert_array_equal(trace.membrane, expected.layers[0].membrane)
        assert trace.sops == expected.layers[0].sops


def test_spikes_are_gathered_in_parts():
    (geometry,) = layer_geometries((1, 4, 4), [LayerSpec("conv2d", 20, kernel=4, padding=3)])
    weight = np.ones(geometry.weight_shape, np.int8)
    one = np.ones(20, np.int32)
    layer = SpikingLayer([(geometry, weight)], one, -one, 127)
    events = np.tile(np.array([[0, 1, 2]], np.int32), (FIRINGS // 4, 1))
    reads = np.arange(len(events) + 1)
    trace = layer.run(events, reads)
    assert len(trace.spikes) == trace.sops == len(events) * 16 * 20
    np.testing.assert_array_equal(trace.read_positions, reads * 320)
    np.testing.assert_array_equal(trace.spikes, np.tile(trace.spikes[:320], (len(events), 1)))
