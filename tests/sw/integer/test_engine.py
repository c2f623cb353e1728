from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.random_networks import random_events, random_network
from tickless.sw.integer import engine, golden
from tickless.sw.integer.readout_layer import ReadoutLayer
from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.integer.spiking_layer import SpikingLayer
from tickless.sw.integer.trace import LayerTrace, SampleTrace


def assert_equal(one, other, name="trace"):
    """Equality of two traces in every field, types and shapes included."""
    assert type(one) is type(other), name
    if isinstance(one, (LayerTrace, SampleTrace)):
        for item in fields(one):
            label = f"{name}.{item.name}"
            assert_equal(getattr(one, item.name), getattr(other, item.name), label)
    elif isinstance(one, tuple):
        assert len(one) == len(other), name
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_equal(*pair, f"{name}[{index}]")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, name
        np.testing.assert_array_equal(one, other, name, strict=True)
    else:
        assert one == other, name


@settings(max_examples=80, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 60), reads=st.integers(0, 5))
def test_engine_is_the_golden_model(seed, n, reads):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    events = random_events(rng, network, n)
    places = np.sort(rng.integers(0, n + 1, reads))
    assert_equal(engine.run(network, events, places), golden.run(network, events, places))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    reads=st.integers(0, 5),
    shortcuts=st.integers(1, 2),
)
def test_engine_is_the_golden_model_of_residual_networks(seed, n, reads, shortcuts):
    rng = np.random.default_rng(seed)
    network = random_network(rng, shortcuts=shortcuts)
    events = random_events(rng, network, n)
    places = np.sort(rng.integers(0, n + 1, reads))
    trace = engine.run(network, events, places)
    assume(sum(layer.events for layer in trace.layers) < 3000)  # the golden model takes its time
    assert_equal(trace, golden.run(network, events, places))


@settings(max_examples=120, derandomize=True, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    reads=st.integers(0, 5),
    margins=st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=3),
    shortcuts=st.integers(0, 1),
)
def test_engine_is_the_golden_model_with_early_exit(seed, n, reads, margins, shortcuts):
    rng = np.random.default_rng(seed)
    network = random_network(rng, shortcuts=shortcuts)
    assume(network.classes > 1)
    events = random_events(rng, network, n)
    places = np.sort(rng.integers(0, n + 1, reads))
    traces = dict(engine.run_margins(network, events, margins, places))
    assume(sum(layer.events for trace in traces.values() for layer in trace.layers) < 3000)
    assert set(traces) == set(range(len(margins)))
    for place, trace in traces.items():
        assert_equal(trace, golden.run(network, events, places, margins[place]))


@pytest.mark.parametrize("seed", range(20))
def test_the_golden_model_goes_on_where_a_trace_ends(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, shortcuts=seed % 3 == 0)
    events = random_events(rng, network, 40)
    before = golden.run(network, events[:25], (3, 25))
    whole = golden.run(network, events, (3, 25, 30))
    assert_equal(before.then(golden.run(network, events[25:], (5,), before=before)), whole)


@pytest.mark.parametrize("shortcuts", [0, 1])
def test_random_networks_spike(shortcuts):
    spiking = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        network = random_network(rng, shortcuts=shortcuts)
        trace = engine.run(network, random_events(rng, network, 80))
        spiking += [len(layer.spikes) > 0 for layer in trace.layers]
    assert np.mean(spiking) > 0.7


@pytest.mark.parametrize("seed", range(10))
def test_real_layers_are_the_integer_neuron_on_real_numbers(seed):
    """In eighths, and with no ceiling to reach, the float layers do what the integer ones do."""
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    sent = random_events(rng, network, 60, outside=0)
    reads = np.array([0, 17, 60])
    for layer in network.layers[:-1]:
        (edge,), neuron = layer.edges, (layer.threshold, layer.floor)
        w, t, f = ((array / 8).astype(np.float32) for array in (edge.weight, *neuron))
        reset = layer.reset
        whole = SpikingLayer([(edge.geometry, edge.weight)], *neuron, 2**23 - 1, reset)
        whole = whole.run(sent, reads)
        real = SpikingLayer([(edge.geometry, w)], t, f, np.inf, reset).run(sent, reads)
        assert real.membrane.dtype == np.float32
        np.testing.assert_array_equal(real.membrane * 8, whole.membrane)
        np.testing.assert_array_equal(real.spikes, whole.spikes)
        np.testing.assert_array_equal(real.read_positions, whole.read_positions)
        assert real.sops == whole.sops
        sent, reads = real.spikes, real.read_positions
    readout = network.layers[-1]
    (edge,) = readout.edges
    whole = ReadoutLayer(edge.geometry, edge.weight, readout.ceil).run(sent, reads)
    weight = (edge.weight / 8).astype(np.float32)
    real = ReadoutLayer(edge.geometry, weight, np.inf).run(sent, reads)
    np.testing.assert_array_equal(real.logits * 8, whole.logits)
    np.testing.assert_array_equal(real.read_logits * 8, whole.read_logits)
    assert (real.events, real.sops, real.saturations) == (whole.events, whole.sops, 0)


def test_logits_saturate_at_32_bits():
    (geometry,) = layer_geometries((2, 1, 1), [LayerSpec("readout", 2)])
    weight = np.array([[127, -1], [-128, 1]], np.int8).reshape(geometry.weight_shape)
    readout = ReadoutLayer(geometry, weight, 2**31 - 1)
    events = np.zeros((2**31 // 127 + 10, 3), np.int32)
    events[-1, 0] = 1
    trace = readout.run(events, np.array([len(events) - 1]))
    assert trace.read_logits.tolist() == [[2**31 - 1, -(2**31)]]
    assert trace.logits.tolist() == [2**31 - 2, -(2**31) + 1]
    ups, downs = (len(events) - 1) - (2**31 - 1) // 127, (len(events) - 1) - 2**31 // 128
    assert trace.saturations == ups + downs


def test_layers_refuse_events_outside_their_input_and_wrong_weights():
    spiking, readout = random_network(np.random.default_rng(3), layers=1).layers
    first, last = spiking.edges[0], readout.edges[0]
    edges = [(first.geometry, first.weight)]
    layers = [
        (first, SpikingLayer(edges, spiking.threshold, spiking.floor, spiking.ceil)),
        (last, ReadoutLayer(last.geometry, last.weight, readout.ceil)),
    ]
    for edge, layer in layers:
        shape = np.array(edge.geometry.input_shape)
        for axis in range(3):
            for value in (-1, shape[axis], 2**31 - 1, -(2**31)):
                event = np.zeros((1, 3), np.int32)
                event[0, axis] = value
                with pytest.raises(ValueError, match="outside the layer's input"):
                    layer.run(event)
    with pytest.raises(ValueError, match="weight: expected shape"):
        ReadoutLayer(last.geometry, last.weight[:0], readout.ceil)
    with pytest.raises(ValueError, match="weight: expected int8"):
        ReadoutLayer(last.geometry, last.weight.astype(np.float64), readout.ceil)


@pytest.mark.parametrize("seed", range(10))
def test_two_edges_in_real_numbers_and_their_limits(seed):
    rng = np.random.default_rng(seed)
    layers = random_network(rng, shortcuts=1).layers
    layer = next(layer for layer in layers if len(layer.edges) == 2)
    neuron = layer.threshold, layer.floor
    whole_edges = [(edge.geometry, edge.weight) for edge in layer.edges]
    real_edges = [(geometry, (w / 8).astype(np.float32)) for geometry, w in whole_edges]
    t, f = ((array / 8).astype(np.float32) for array in neuron)
    one = SpikingLayer(whole_edges, *neuron, 2**23 - 1, layer.reset)
    other = SpikingLayer(real_edges, t, f, np.inf, layer.reset)
    shapes = [geometry.input_shape for geometry, _ in whole_edges]
    longer, direct = (rng.integers(0, shape, (40, 3)).astype(np.int32) for shape in shapes)
    before = np.sort(rng.integers(0, 41, 40))
    events = one.edges.join(longer, direct, before)
    whole, real = one.run(events), other.run(events)
    np.testing.assert_array_equal(real.membrane * 8, whole.membrane)
    np.testing.assert_array_equal(real.spikes, whole.spikes)
    assert (real.events, real.sops) == (80, whole.sops)

    for events, shape in ((longer, shapes[0]), (direct, shapes[1])):
        for axis in range(3):
            for value in (-1, shape[axis]):
                events[7, axis], kept = value, events[7, axis]
                with pytest.raises(ValueError, match="outside the layer's input"):
                    one.edges.join(longer, direct, before)
                events[7, axis] = kept
    with pytest.raises(ValueError, match="shortcut: expected integers or real numbers"):
        SpikingLayer([whole_edges[0], real_edges[1]], *neuron, 127)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    cuts=st.integers(0, 4),
    shortcuts=st.integers(0, 1),
)
def test_a_sample_piece_by_piece_is_the_golden_models_whole(seed, n, cuts, shortcuts):
    rng = np.random.default_rng(seed)
    network = random_network(rng, shortcuts=shortcuts)
    events = random_events(rng, network, n)
    places = np.sort(rng.integers(0, n + 1, cuts))
    pieces, before = [], None
    for piece in np.split(events, places):
        before = engine.run(network, piece, before=before)
        pieces.append(before)
    # The golden model takes its time.
    assume(sum(layer.events for piece in pieces for layer in piece.layers) < 2000)
    whole = golden.run(network, events, places)
    assert [piece.logits.tolist() for piece in pieces] == [
        *whole.read_logits.tolist(),
        whole.logits.tolist(),
    ]
    for index, layer in enumerate(whole.layers):
        parts = [piece.layers[index] for piece in pieces]
        np.testing.assert_array_equal(np.concatenate([part.spikes for part in parts]), layer.spikes)
        np.testing.assert_array_equal(parts[-1].membrane, layer.membrane)
        assert sum(part.sops for part in parts) == layer.sops
    assert sum(piece.dropped for piece in pieces) == whole.dropped
    assert sum(piece.saturations for piece in pieces) == whole.saturations


def test_a_margin_is_for_whole_samples():
    network = random_network(np.random.default_rng(3))
    nothing = np.zeros((0, 3), np.int32)
    before = engine.run(network, nothing)
    with pytest.raises(ValueError, match="margin = 3: expected None for a piece"):
        engine.run(network, nothing, margin=3, before=before)
