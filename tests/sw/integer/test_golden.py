"""The contract, sentence by sentence, on networks small enough to run by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tickless.sw.integer import engine, golden
from tickless.sw.integer.layer import Edge, Layer, Reset
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec, layer_geometries


@pytest.fixture(params=[golden.run, engine.run], ids=["golden", "engine"])
def run(request):
    return request.param


def network(
    sensor,
    specs,
    weights,
    thresholds,
    floors=None,
    bits=8,
    shortcuts: dict | None = None,
    reset: Reset = "subtract",
) -> Network:
    """Network with 8-bit weights, those of 16 bits of a shortcut by its layer; floors default to
    -thresholds."""
    layers = []
    geometries = layer_geometries(sensor, specs)
    for index, geometry in enumerate(geometries):
        weight = np.array(weights[index], np.int8).reshape(geometry.weight_shape)
        spiking = geometry.kind != "readout"
        threshold = np.array(thresholds[index] if spiking else [], np.int32)
        floor = np.array(floors[index], np.int32) if spiking and floors else -threshold
        width = bits if spiking else 32
        edges, spec = [Edge(geometry, weight, 8)], specs[index].shortcut
        if spec and shortcuts:
            sent = geometries[spec.source].output_shape
            direct = spec.geometry(sent, geometry.output_shape)
            own = np.array(shortcuts[index], np.int16).reshape(direct.weight_shape)
            edges.append(Edge(direct, own, 16, f"l{spec.source}"))
        kind = reset if spiking else "subtract"
        layers.append(Layer(f"l{index}", tuple(edges), threshold, floor, width, kind))
    return Network(tuple(layers))


def neuron(weights, threshold, floor=None, bits=8, reset: Reset = "subtract") -> Network:
    """One neuron with one synapse per input channel, read by one logit."""
    specs = [LayerSpec("linear", 1), LayerSpec("readout", 1)]
    floors = None if floor is None else [[floor]]
    return network(
        (len(weights), 1, 1), specs, [weights, [1]], [[threshold]], floors, bits, reset=reset
    )


def channels(*values) -> np.ndarray:
    return np.array([(value, 0, 0) for value in values], np.int32).reshape(-1, 3)


def outcome(run, net, *values):
    """Spikes after each event, and the membrane at END, of a network's only neuron."""
    trace = run(net, channels(*values), range(1, len(values) + 1)).layers[0]
    return np.diff(trace.read_positions, prepend=0).tolist(), trace.membrane.item()


def test_fires_when_the_sum_reaches_the_threshold(run):
    assert outcome(run, neuron([4, 5, 6], 10), 0, 1) == ([0, 0], 9)
    assert outcome(run, neuron([4, 5, 6], 10), 0, 2) == ([0, 1], 0)


def test_reset_is_by_subtraction(run):
    assert outcome(run, neuron([4, 5, 9], 10), 2, 2) == ([0, 1], 8)


def test_reset_is_to_zero_where_the_layer_says_so(run):
    assert outcome(run, neuron([4, 5, 9], 10, reset="zero"), 2, 2) == ([0, 1], 0)
    # 35 leaves nothing that would fire at the next events.
    assert outcome(run, neuron([35, 0], 10, reset="zero"), 0, 1, 1) == ([1, 0, 0], 0)
    # Floor and ceiling are those of any layer: -8, and 7 that a threshold of 8 lets stand.
    assert outcome(run, neuron([-7, 4], 10, -8, reset="zero"), 0, 0, 1) == ([0, 0, 0], -4)
    assert outcome(run, neuron([7, 100], 8, bits=4, reset="zero"), 0) == ([0], 7)
    assert outcome(run, neuron([7, 100], 8, bits=4, reset="zero"), 0, 1) == ([0, 1], 0)


def test_reset_is_each_layers_own(run):
    specs = [LayerSpec("linear", 1), LayerSpec("linear", 1), LayerSpec("readout", 1)]
    first, second, readout = network((1, 1, 1), specs, [[5], [5], [1]], [[3], [3]]).layers
    zero = Network((replace(first, reset="zero"), second, readout))
    trace = run(zero, channels(0, 0))
    assert [layer.membrane.item() for layer in trace.layers] == [0, 4]
    zero = Network((first, replace(second, reset="zero"), readout))
    assert [layer.membrane.item() for layer in run(zero, channels(0, 0)).layers] == [4, 0]


def test_one_spike_per_event_and_the_rest_at_the_next_event(run):
    # 35 fires once and leaves 25, which fires at the next events, though they add nothing.
    assert outcome(run, neuron([35, 0], 10), 0, 1, 1, 1) == ([1, 1, 1, 0], 5)


def test_weight_zero_is_a_visit_and_can_fire(run):
    trace = run(neuron([35, 0], 10), channels(0, 1, 1))
    assert (trace.layers[0].events, trace.layers[0].sops) == (3, 3)
    assert len(trace.layers[0].spikes) == 3


def test_membrane_stops_at_its_floor(run):
    assert outcome(run, neuron([-7, 4], 10, floor=-8), 0, 0, 1) == ([0, 0, 0], -4)
    assert outcome(run, neuron([-7, 4], 10), 0, 0, 1) == ([0, 0, 0], -6)


def test_membrane_saturates_at_its_ceiling(run):
    # 4 bits: ceiling 7, and a threshold of 8 is reached by the exact sum alone.
    assert outcome(run, neuron([7, 0], 8, bits=4), 0, 1) == ([0, 0], 7)
    assert outcome(run, neuron([7], 8, bits=4), 0, 0) == ([0, 1], 6)
    # After the reset by subtraction 100 - 8 is cut to 7.
    assert outcome(run, neuron([100, 0], 8, bits=4), 0, 1) == ([1, 0], 7)


def test_sum_is_exact_before_the_clamp(run):
    # 7 + 127 and -8 - 128 leave the membrane's four bits, and must not wrap.
    assert outcome(run, neuron([7, 127], 8, bits=4), 0, 1) == ([0, 1], 7)
    assert outcome(run, neuron([-8, -128], 8, bits=4), 0, 1) == ([0, 0], -8)


def test_thresholds_and_floors_are_per_channel(run):
    specs = [LayerSpec("linear", 2), LayerSpec("readout", 1)]
    net = network((1, 1, 1), specs, [[5, -5], [1, 1]], [[5, 6]], [[-1, -3]])
    trace = run(net, channels(0))
    assert trace.layers[0].spikes.tolist() == [[0, 0, 0]]
    assert trace.layers[0].membrane.ravel().tolist() == [0, -3]


def test_end_resets_and_read_does_not(run):
    net = neuron([6], 10)
    with_read = run(net, channels(0, 0), [1])
    assert with_read.layers[0].membrane.item() == 2
    assert with_read.read_logits.tolist() == [[0]]
    assert with_read.logits.tolist() == [1]
    # A membrane of 6 left by the first sample would fire in the second.
    assert len(run(net, channels(0)).layers[0].spikes) == 0
    assert len(run(net, channels(0)).layers[0].spikes) == 0


def test_reads_before_after_and_twice(run):
    trace = run(neuron([10], 10), channels(0, 0), [0, 1, 1, 2])
    assert trace.read_logits.ravel().tolist() == [0, 1, 1, 2]
    assert trace.layers[0].read_positions.tolist() == [0, 1, 1, 2]


def test_order_is_row_major_then_channel(run):
    specs = [LayerSpec("conv2d", 2, kernel=2, padding=1), LayerSpec("readout", 1)]
    readout = np.ones(2 * 4 * 3)
    net = network((1, 3, 2), specs, [np.ones(8), readout], [[1, 1]])
    trace = run(net, np.array([[0, 1, 0], [0, 0, 1]], np.int32))
    expected = [
        (c, y, x)
        for first_y, first_x in [(1, 0), (0, 1)]
        for y in (first_y, first_y + 1)
        for x in (first_x, first_x + 1)
        for c in (0, 1)
    ]
    assert trace.layers[0].spikes.tolist() == [list(spike) for spike in expected]


def test_layers_consume_events_in_the_order_they_arrive(run):
    specs = [LayerSpec("linear", 2), LayerSpec("linear", 1), LayerSpec("readout", 1)]
    # Channel 0 brings the second layer to its threshold, channel 1 takes it away again.
    net = network((1, 1, 1), specs, [[1, 1], [5, -5], [1]], [[1, 1], [5]])
    assert len(run(net, channels(0)).layers[1].spikes) == 1
    net = network((1, 1, 1), specs, [[1, 1], [-5, 5], [1]], [[1, 1], [5]])
    assert len(run(net, channels(0)).layers[1].spikes) == 0


IDENTITY = ShortcutSpec(0, kernel=1)


def test_direct_event_comes_before_what_the_longer_path_makes_of_it(run):
    specs = [
        LayerSpec("linear", 1),
        LayerSpec("linear", 1),
        LayerSpec("linear", 1, shortcut=IDENTITY),
        LayerSpec("readout", 1),
    ]

    def joined(longer, direct):
        weights = [[1], [1], [longer], [1]]
        return network((1, 1, 1), specs, weights, [[1], [1], [5]], shortcuts={2: [direct]})

    trace = run(joined(longer=-5, direct=5), channels(0)).layers[2]
    assert (trace.spikes.tolist(), trace.membrane.item()) == ([[0, 0, 0]], -5)
    trace = run(joined(longer=5, direct=-5), channels(0)).layers[2]
    assert (trace.spikes.tolist(), trace.membrane.item()) == ([], 0)
    assert (trace.events, trace.sops) == (2, 2)


def test_every_event_of_the_fork_passes_both_edges_before_the_next(run):
    specs = [
        LayerSpec("linear", 2),
        LayerSpec("conv2d", 2, kernel=1, groups=2),
        LayerSpec("linear", 1, shortcut=IDENTITY),
        LayerSpec("readout", 1),
    ]
    # The fork spikes twice: 3, -3, 3 and 0 arrive. Both direct events first would make it 6.
    weights, thresholds = [[1, 1], [1, 1], [-3, 0], [1]], [[1, 1], [1, 1], [5]]
    net = network((1, 1, 1), specs, weights, thresholds, shortcuts={2: [3, 3]})
    trace = run(net, channels(0)).layers[2]
    assert (trace.spikes.tolist(), trace.membrane.item()) == ([], 3)
    # 3, 2, -5 and 0: the 2 must not wait behind the -5.
    weights[2] = [2, 0]
    net = network((1, 1, 1), specs, weights, thresholds, shortcuts={2: [3, -5]})
    trace = run(net, channels(0)).layers[2]
    assert (trace.spikes.tolist(), trace.membrane.item()) == ([[0, 0, 0]], -5)


def test_a_join_may_be_the_next_fork(run):
    conv = LayerSpec("conv2d", 1, kernel=1)
    specs = [
        conv,
        conv,
        LayerSpec("conv2d", 1, kernel=1, shortcut=IDENTITY),
        conv,
        LayerSpec("conv2d", 1, kernel=1, shortcut=ShortcutSpec(2, kernel=1)),
        LayerSpec("readout", 1),
    ]
    # l2 spikes for both of its events, and each spike brings 7, then -4, to l4: 7, 3, 10 fires.
    weights = [[1], [1], [5], [1], [-4], [1]]
    thresholds = [[1], [1], [5], [1], [10]]
    net = network((1, 1, 1), specs, weights, thresholds, shortcuts={2: [5], 4: [7]})
    trace = run(net, channels(0, 0), [0, 1])
    assert [layer.events for layer in trace.layers] == [2, 2, 4, 4, 8]
    assert [len(layer.spikes) for layer in trace.layers] == [2, 2, 4, 4, 1]
    assert trace.read_logits.ravel().tolist() == [0, 1]
    assert trace.layers[3].read_positions.tolist() == [0, 2]
    assert trace.layers[4].membrane.item() == 2


def test_edges_have_their_own_groups_strides_and_pooling(run):
    specs = [
        LayerSpec("conv2d", 2, kernel=1),
        LayerSpec("conv2d", 2, kernel=2, stride=2),
        LayerSpec("conv2d", 2, kernel=1, shortcut=ShortcutSpec(0, kernel=1, pool=2, groups=2)),
        LayerSpec("readout", 1),
    ]
    # The fork sends channel 0 of the event's pixel; the layer between stays below its threshold.
    weights = [[1, 0], [0] * 16, [0] * 4, [0] * 4]
    thresholds = [[1, 1], [1, 1], [100, 100]]
    net = network((1, 2, 4), specs, weights, thresholds, shortcuts={2: [3, 4]})
    trace = run(net, np.array([[0, 1, 3], [0, 0, 2], [0, 0, 0]], np.int32)).layers[2]
    assert trace.membrane.tolist() == [[[3, 6]], [[0, 0]]]
    assert (trace.events, trace.sops) == (3, 3)


def test_convolution_weight_is_torchs(run):
    specs = [LayerSpec("conv2d", 1, kernel=3, stride=2, padding=1), LayerSpec("readout", 1)]
    net = network((1, 3, 3), specs, [range(1, 10), [1, 1, 1, 1]], [[100]])
    trace = run(net, np.array([[0, 1, 1]], np.int32))
    assert trace.layers[0].membrane[0].tolist() == [[9, 7], [3, 1]]
    assert trace.layers[0].sops == 4


def test_kernel_stride_padding_and_dilation_are_by_axis(run):
    # Rows 2 r - 1 + k for k in 0..2, columns c + 2 k for k in 0..1.
    spec = LayerSpec("conv2d", 1, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2))
    net = network((1, 3, 4), [spec, LayerSpec("readout", 1)], [range(1, 7), [1] * 4], [[100]])
    trace = run(net, np.array([[0, 1, 1]], np.int32)).layers[0]
    assert (trace.membrane.tolist(), trace.sops) == ([[[0, 5], [0, 1]]], 2)
    trace = run(net, np.array([[0, 2, 2]], np.int32)).layers[0]
    assert (trace.membrane.tolist(), trace.sops) == ([[[0, 0], [4, 0]]], 1)


@pytest.mark.parametrize(("reset", "filled_spikes"), [("subtract", [0, 0, 1]), ("zero", [0, 1])])
def test_dilation_visits_only_what_it_reaches_unlike_a_kernel_filled_up_with_zeros(
    run, reset, filled_spikes
):
    # The first event leaves 25 of 35 in column 0, or 0; the second visits it by a zero alone.
    dilated = LayerSpec("conv2d", 1, kernel=(1, 2), dilation=(1, 2))
    filled = LayerSpec("conv2d", 1, kernel=(1, 3))
    events = np.array([[0, 0, 2], [0, 0, 1]], np.int32)
    traces = []
    for spec, weights in ((dilated, [35, 35]), (filled, [35, 0, 35])):
        specs = [spec, LayerSpec("readout", 1)]
        net = network((1, 1, 4), specs, [weights, [1, 1]], [[10]], reset=reset)
        traces.append(run(net, events).layers[0])
    assert (traces[0].spikes[:, 2].tolist(), traces[0].sops) == ([0, 1], 2)
    assert (traces[1].spikes[:, 2].tolist(), traces[1].sops) == (filled_spikes, 4)


def test_a_shortcut_may_have_wide_weights(run):
    specs = [
        LayerSpec("linear", 1),
        LayerSpec("linear", 1),
        LayerSpec("linear", 1, shortcut=IDENTITY),
        LayerSpec("readout", 1),
    ]
    weights, thresholds = [[1], [1], [-3], [1]], [[1], [1], [32767]]
    for direct, spikes, left in ((32767, 1, -3), (-32768, 0, -32768 - 3), (32766, 0, 32763)):
        net = network((1, 1, 1), specs, weights, thresholds, bits=17, shortcuts={2: [direct]})
        low = replace(net.layers[2], floor=np.array([-65536], np.int32))
        trace = run(Network((*net.layers[:2], low, net.layers[3])), channels(0)).layers[2]
        assert (len(trace.spikes), trace.membrane.item()) == (spikes, left)


def test_padding_pooling_remainders_and_other_groups_are_no_operations(run):
    specs = [LayerSpec("conv2d", 2, kernel=1, pool=2, groups=2), LayerSpec("readout", 1)]
    net = network((2, 3, 3), specs, [[3, 4], [1, 1]], [[100, 100]])
    trace = run(net, np.array([[0, 0, 1], [1, 1, 0], [1, 2, 0], [0, 0, 2]], np.int32))
    assert trace.layers[0].membrane.ravel().tolist() == [3, 4]
    assert (trace.layers[0].events, trace.layers[0].sops, trace.dropped) == (4, 2, 0)


def test_linear_index_is_channel_row_column(run):
    net = network((2, 2, 3), [LayerSpec("readout", 1)], [range(12)], [])
    for event in np.ndindex(2, 2, 3):
        expected = np.ravel_multi_index(event, (2, 2, 3))
        assert run(net, np.array([event], np.int32)).logits.tolist() == [expected]


def test_empty_sample(run):
    trace = run(neuron([5], 10), channels())
    assert (trace.logits.tolist(), trace.class_index, trace.sops) == ([0], 0, 0)
    assert trace.layers[0].spikes.shape == (0, 3)
    assert trace.read_logits.shape == (0, 1)
    assert run(neuron([5], 10), channels(), [0, 0]).read_logits.tolist() == [[0], [0]]


def begun(net, *logits):
    """The same network, its logits beginning at these."""
    *layers, readout = net.layers
    initial = np.array(logits, np.int32)
    return replace(net, layers=(*layers, replace(readout, initial_logits=initial)))


def test_logits_begin_where_the_readout_says_so(run):
    net = begun(network((1, 1, 1), [LayerSpec("readout", 3)], [[2, 0, -1]], []), 5, -7, 6)
    trace = run(net, channels(0, 0), [0, 1, 2])
    assert trace.read_logits.tolist() == [[5, -7, 6], [7, -7, 5], [9, -7, 4]]
    assert (trace.logits.tolist(), trace.class_index) == ([9, -7, 4], 0)
    assert (trace.readout_sops, trace.saturations) == (6, 0)
    # END sets them back.
    assert run(net, channels(0)).logits.tolist() == [7, -7, 5]


def test_an_empty_sample_is_answered_by_the_initial_logits(run):
    specs = [LayerSpec("linear", 1), LayerSpec("readout", 2)]
    net = begun(network((1, 1, 1), specs, [[5], [1, 1]], [[10]]), -3, 4)
    trace = run(net, channels(), [0])
    assert (trace.logits.tolist(), trace.class_index, trace.sops) == ([-3, 4], 1, 0)
    assert trace.read_logits.tolist() == [[-3, 4]]


def test_initial_logits_saturate_from_where_they_are(run):
    net = network((1, 1, 1), [LayerSpec("readout", 2)], [[100, -100]], [])
    trace = run(begun(net, 2**31 - 150, 50 - 2**31), channels(0, 0), [1])
    assert trace.read_logits.tolist() == [[2**31 - 50, -(2**31)]]
    assert trace.logits.tolist() == [2**31 - 1, -(2**31)]
    assert trace.saturations == 3


def test_early_exit_compares_what_the_logits_began_with_but_not_before_an_event(run):
    net = network((2, 1, 1), [LayerSpec("readout", 2)], [[3, 0, 0, 2]], [])
    ahead = begun(net, 0, 9)
    decided = run(ahead, channels(0, 1), margin=6)
    assert (decided.logits.tolist(), decided.class_index, decided.decision) == ([3, 9], 1, 0)
    assert run(ahead, channels(1, 0), margin=11).decision == 0
    assert run(ahead, channels(0, 0), margin=12).decision is None
    assert run(ahead, channels(), margin=5).decision is None


def test_tie_goes_to_the_lowest_index(run):
    net = network((2, 1, 1), [LayerSpec("readout", 3)], [[-1, 2, 4, 1, 4, 1]], [])
    trace = run(net, channels(0))
    assert (trace.logits.tolist(), trace.class_index) == ([-1, 4, 4], 1)


def test_events_outside_are_dropped_counted_and_keep_read_positions(run):
    net = neuron([10], 10)
    big = np.iinfo(np.int32)
    rows = [(0, 0, 0), (1, 0, 0), (0, -1, 0), (0, 0, 1), (0, big.min, big.max), (0, 0, 0)]
    trace = run(net, np.array(rows, np.int32), [1, 3, 5, 6])
    assert trace.dropped == 4
    assert trace.read_logits.ravel().tolist() == [1, 1, 1, 2]
    assert trace.layers[0].events == 2


def test_logits_saturate_at_their_ends(run, monkeypatch):
    # As with 32 bits, in a range of -100..99 that events can reach.
    ceil = property(lambda layer: 99 if layer.is_readout else 127)
    monkeypatch.setattr(Layer, "ceil", ceil)
    net = network((2, 1, 1), [LayerSpec("readout", 2)], [[60, -10, -60, 40]], [])
    trace = run(net, channels(0, 0, 0, 1), range(5))
    logits = [[0, 0], [60, -60], [99, -100], [99, -100], [89, -60]]
    assert trace.read_logits.tolist() == logits[:4] + logits[4:]
    assert trace.saturations == 4


@pytest.mark.parametrize(
    ("events", "reads", "message"),
    [
        ([[0, 0, 0]], (), "events: expected a numpy array, got list"),
        (np.zeros((1, 3)), (), r"events: expected int32 \(n, 3\), got float64"),
        (np.zeros((1, 3), np.int64), (), "got int64"),
        (np.zeros(3, np.int32), (), r"got int32 \(3,\)"),
        (np.zeros((2, 4), np.int32), (), r"got int32 \(2, 4\)"),
        (channels(0, 0), [3], r"ascending positions in 0\.\.2"),
        (channels(0, 0), [-1], "ascending"),
        (channels(0, 0), [1, 0], "ascending"),
        (channels(0, 0), [0.5], "integers"),
        (channels(0, 0), [[1]], "integers"),
        (channels(0, 0), 1, "integers"),
    ],
)
def test_bad_arguments_are_refused(run, events, reads, message):
    with pytest.raises(ValueError, match=message):
        run(neuron([5], 10), events, reads)


def test_early_exit_freezes_the_answer(run):
    # Two logits of which each event raises one.
    net = network((2, 1, 1), [LayerSpec("readout", 2)], [[3, 0, 0, 2]], [])
    events = channels(0, 1, 0, 1, 0, 0, 1)
    whole = run(net, events)
    assert (whole.logits.tolist(), whole.decision) == ([12, 6], None)
    decided = run(net, events, margin=4)
    assert (decided.logits.tolist(), decided.class_index, decided.decision) == ([6, 2], 0, 2)
    assert (decided.readout_events, decided.readout_sops) == (3, 6)
    never = run(net, events, margin=100)
    assert (never.logits.tolist(), never.decision) == ([12, 6], None)
    assert run(net, events, margin=0).decision == 0
    assert run(net, channels(), margin=0).decision is None


def test_early_exit_consumes_nothing_behind_the_decision(run):
    # Each event fires two neurons; the first of them decides.
    specs = [LayerSpec("linear", 2), LayerSpec("readout", 2)]
    net = network((1, 1, 1), specs, [[1, 1], [5, 0, 0, 1]], [[1, 1]])
    trace = run(net, channels(0, 0), (0, 1), margin=5)
    assert (trace.decision, trace.readout_events, trace.logits.tolist()) == (0, 1, [5, 0])
    assert (trace.layers[0].events, trace.layers[0].spikes[:, 0].tolist()) == (1, [0, 1])
    assert trace.read_logits.tolist() == [[0, 0]]


@pytest.mark.parametrize("margin", [-1, 1.5, 1 << 32, 10**20])
def test_early_exit_wants_a_margin_in_logits(run, margin):
    net = network((2, 1, 1), [LayerSpec("readout", 2)], [[3, 0, 0, 2]], [])
    with pytest.raises(
        ValueError, match=rf"margin = {margin}: expected an integer in 0..4294967295"
    ):
        run(net, channels(0), margin=margin)
    with pytest.raises(ValueError, match="margin = 1: expected None for a network of 1 class"):
        run(neuron([1], 1), channels(0), margin=1)
