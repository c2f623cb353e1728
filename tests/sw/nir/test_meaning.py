import dataclasses
import itertools
from typing import Any

import h5py
import nir
import numpy as np
import pytest
import torch

from tickless.errors import InputError
from tickless.sw.nir.importing import from_nir
from tickless.sw.nir.reading import GraphError
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.neurons import LeakyIntegrateAndFire, Rectifier

from .graphs import (
    chain,
    conv1d,
    conv2d,
    entry,
    leave,
    linear,
    linear_part,
    neurons,
    spikes_of,
)

SENSOR = (2, 7, 8)


def weights(*shape, seed=0):
    """Multiples of 1/64, which sums hold exactly, none above a threshold of 1."""
    return np.random.default_rng(seed).integers(-16, 40, shape) / 64


def window(kind, *size):
    return kind(np.array(size), np.array(size), np.array([0, 0]))


def events(sensor, count=250, seed=1):
    return np.random.default_rng(seed).integers(0, sensor, (count, 3)).astype(np.int32)


CONVOLUTIONS = {
    "plain": conv2d(weights(4, 2, 3, 3)),
    "padded, by stride 2": conv2d(weights(4, 2, 3, 3), (2, 2), (1, 1)),
    "wide": conv2d(weights(4, 2, 1, 3), (1, 2), (0, 1)),
    "high, dilated": conv2d(weights(4, 2, 3, 2), (2, 1), (1, 0), (2, 3)),
    "in groups": conv2d(weights(4, 1, 3, 3), groups=2),
    "same": conv2d(weights(4, 2, 3, 5), padding="same"),
    "same of an even kernel": conv2d(weights(4, 2, 2, 4), padding="same"),
    "same, dilated": conv2d(weights(4, 2, 2, 3), padding="same", dilation=(3, 2)),
    "valid": conv2d(weights(4, 2, 2, 2), padding="valid"),
}


def check(graph, sensor=SENSOR, semantics="sinabs", **how):
    """The imported float network does, event by event, what torch makes of the graph."""
    imported = from_nir(graph, semantics=semantics, floor=-1000.0, **how)
    model = imported.checkpoint.model
    sent = events(sensor)
    neuron = model.neuron
    assert not isinstance(neuron, Rectifier)
    reset, strict = neuron.reset, neuron.strict
    expected = spikes_of(graph, sent, reset, strict)
    _, found, _ = FloatEngine(model).run(sent)
    for (name, spikes), mine in zip(expected.items(), found, strict=True):
        height, width = model.geometries[list(expected).index(name)].output_shape[1:]
        live = spikes[(spikes[:, 1] < height) & (spikes[:, 2] < width)]
        assert len(live) > 5, name
        assert np.array_equal(live, mine), name
    return imported


def shape_behind(node, sensor=SENSOR):
    return tuple(linear_part(node, torch.zeros(sensor, dtype=torch.float64)).shape)


@pytest.mark.filterwarnings("ignore:Using padding:UserWarning")
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name):
    node = CONVOLUTIONS[name]
    size = shape_behind(node)
    outputs = linear(weights(3, int(np.prod(size)), seed=3))
    flat = nir.Flatten({"input": np.array(size)}, 0, -1)
    imported = check(chain(node, neurons(size), flat, outputs, neurons((3,)), sensor=SENSOR))
    assert all(row.exact for row in imported.rows)


@pytest.mark.parametrize("kind", [nir.AvgPool2d, nir.SumPool2d])
@pytest.mark.parametrize("size", [(2, 2), (1, 2), (2, 4)])
@pytest.mark.parametrize("behind", ["neurons", "convolution", "linear", "pooling", "currents"])
def test_pooling(kind, size, behind):
    pool = window(kind, *size)
    first = conv2d(weights(3, 2, 3, 3), padding=(1, 1))
    pooled = shape_behind(pool, (3, 7, 8))
    head = [first, neurons((3, 7, 8))]
    strong = 8 if kind is nir.AvgPool2d else 1
    if behind == "neurons":
        nodes = [*head, pool, neurons(pooled, 0.5)]
    elif behind == "convolution":
        node = conv2d(weights(4, 3, 2, 2) * strong)
        nodes = [*head, pool, node, neurons(shape_behind(node, pooled))]
    elif behind == "linear":
        flat = nir.Flatten({"input": np.array(pooled)}, 0, -1)
        outputs = linear(weights(4, int(np.prod(pooled))) * strong)
        nodes = [*head, pool, flat, outputs, neurons((4,))]
    elif behind == "pooling":
        again = window(kind, 2, 2)
        nodes = [*head, pool, again, neurons(shape_behind(again, pooled), 0.25)]
    else:
        nodes = [*head, conv2d(weights(3, 3, 3, 3), padding=(1, 1)), pool, neurons(pooled, 0.5)]
    check(chain(*nodes, sensor=SENSOR))


def test_oblong_pooling_of_a_remainder_in_front_of_padding_is_refused():
    pool = window(nir.AvgPool2d, 2, 1)
    node = conv2d(weights(4, 2, 3, 3), padding=(1, 1))
    with pytest.raises(GraphError, match=r"node '2' \(IF\): pooling by \(2, 1\) of \(2, 7, 8\)"):
        from_nir(chain(pool, node, neurons((4, 3, 8)), sensor=SENSOR), semantics="sinabs")


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "groups": 3}])
def test_convolutions_of_one_dimension(options):
    node = conv1d(weights(6, 3 // options.get("groups", 1), 3), **options)
    sensor = (3, 1, 20)
    width = shape_behind(node, (3, 20))
    second = conv1d(weights(4, 6, 2, seed=5))
    graph = chain(
        node, neurons(width), second, neurons(shape_behind(second, width)), sensor=(3, 20)
    )
    check(graph, sensor)


def test_scales_become_weights():
    first, second = conv2d(weights(3, 2, 3, 3)), linear(weights(4, 3 * 5 * 6))
    each = weights(3, 5, 6, seed=9) + 0.5
    graph = chain(
        nir.Scale(np.array([0.5, 2.0]).reshape(2, 1, 1)),
        first,
        nir.Scale(np.array(1.5)),
        neurons((3, 5, 6)),
        nir.Scale(each),
        nir.Flatten({"input": np.array([3, 5, 6])}, 0, -1),
        second,
        nir.Scale(np.array([1.0, 2.0, 0.5, 1.0])),
        neurons((4,)),
        sensor=SENSOR,
    )
    check(graph)


def test_thresholds_and_gains_by_channel():
    threshold = np.array([0.5, 1.0, 2.0]).reshape(3, 1, 1)
    r = np.broadcast_to(np.array([1.0, 2.0, 4.0]).reshape(3, 1, 1), (3, 5, 6))
    full = np.broadcast_to(threshold, (3, 5, 6))
    node = nir.IF(np.array(r), np.array(full))
    graph = chain(conv2d(weights(3, 2, 3, 3)), node, sensor=SENSOR)
    imported = check(graph, dt=1.0)
    one = from_nir(graph, semantics="sinabs", dt=0.25).checkpoint.model
    assert (one.weights[0] * 4 == imported.checkpoint.model.weights[0]).all()


def residual(first, longer, direct, joined, behind=()):
    """A fork behind the first neurons, and a join."""
    nodes = {
        "input": entry(SENSOR),
        "first": first,
        "fork": neurons(shape_behind(first)),
        **longer,
        **direct,
        "join": joined,
        **dict(behind),
        "output": leave(),
    }
    edges = [("input", "first"), ("first", "fork")]
    for way in (longer, direct):
        names = ["fork", *way, "join"]
        edges += itertools.pairwise(names)
    names = ["join", *dict(behind), "output"]
    edges += itertools.pairwise(names)
    return nir.NIRGraph(nodes, edges, type_check=False)


@pytest.mark.parametrize("way", ["identity", "convolution", "pooled"])
def test_shortcuts(way):
    first = conv2d(weights(4, 2, 3, 3), padding=(1, 1))
    direct = {
        "identity": {},
        "convolution": {"direct": conv2d(weights(4, 4, 1, 1, seed=7))},
        "pooled": {"small": window(nir.SumPool2d, 2, 2)},
    }[way]
    stride = (2, 2) if way == "pooled" else (1, 1)
    size = (4, 3, 4) if way == "pooled" else (4, 7, 8)
    last = conv2d(weights(4, 3, 3, 3, seed=3), stride, (1, 1) if way != "pooled" else (0, 1))
    longer = {
        "a": conv2d(weights(3, 4, 3, 3, seed=2), padding=(1, 1)),
        "passed": neurons((3, 7, 8)),
        "b": last,
    }
    assert shape_behind(last, (3, 7, 8)) == size
    imported = check(residual(first, longer, direct, neurons(size, 2.0)))
    shortcut = imported.network.layers[2].edges[1]
    assert shortcut.source == "conv2d1"
    assert any("shortcut from layer 1" in row.becomes for row in imported.rows)


def test_spikes_that_are_added_in_front_of_weights_are_a_shortcut_with_the_same_weights():
    first = conv2d(weights(4, 2, 3, 3), padding=(1, 1))
    longer = {
        "a": conv2d(weights(4, 4, 3, 3, seed=2), padding=(1, 1)),
        "passed": neurons((4, 7, 8)),
    }
    shared = conv2d(weights(3, 4, 3, 3, seed=4))
    nodes = {
        "input": entry(SENSOR),
        "first": first,
        "fork": neurons((4, 7, 8)),
        **longer,
        "shared": shared,
        "last": neurons((3, 5, 6)),
        "output": leave(),
    }
    names = ["input", "first", "fork", "a", "passed", "shared", "last", "output"]
    edges = [*itertools.pairwise(names), ("fork", "shared")]
    check(nir.NIRGraph(nodes, edges, type_check=False))


@pytest.mark.parametrize("semantics", ["spikingjelly", "norse"])
def test_reset_to_zero(semantics):
    r = 1e4 if semantics == "spikingjelly" else 1.0
    graph = chain(
        conv2d(weights(3, 2, 3, 3)), neurons((3, 5, 6), r=r), neurons((3, 5, 6), 2.0, r),
        sensor=SENSOR,
    )  # fmt: skip
    imported = from_nir(graph, semantics=semantics)
    assert {layer.reset for layer in imported.network.layers[:-1]} == {"zero"}
    assert imported.network.layers[1].threshold[0] == 128 * 1 + (semantics == "norse")
    assert all(row.exact for row in imported.rows)
    if semantics == "norse":
        check(graph, semantics=semantics)


def test_ties_of_a_strict_comparison_are_told():
    lif = nir.LIF(*(np.full((3,), value) for value in (np.inf, np.inf, 0.0, 1.0)))
    imported = from_nir(chain(linear(weights(3, 4)), lif, sensor=(4,)), semantics="snntorch")
    row = next(row for row in imported.rows if row.kind == "LIF")
    assert not row.exact
    assert "ties differ" in row.why
    assert "leak" not in row.why


def test_gains_other_than_one_are_told():
    graph = chain(linear(np.eye(2)), neurons((2,), r=1000.0, v_reset=np.zeros(2)), sensor=(2,))
    for dt, told in ((None, True), (1e-3, False)):
        rows = from_nir(graph, semantics="spikingjelly", dt=dt).rows
        assert any("of a weight 0.1 arrives (r * dt)" in row.why for row in rows) is told


def test_the_last_neurons_count_spikes_or_give_sums():
    graph = chain(linear(weights(3, 4)), neurons((3,), [1.0, 2.0, 0.5]), sensor=(4,))
    spikes = from_nir(graph, semantics="sinabs").network
    assert [layer.kind for layer in spikes.layers] == ["linear", "readout"]
    counting = spikes.layers[1].edges[0].weight[..., 0, 0]
    assert np.array_equal(counting, counting[0, 0] * np.eye(3))
    sums = from_nir(graph, semantics="sinabs", readout="sums")
    assert [layer.kind for layer in sums.network.layers] == ["readout"]
    real = sums.checkpoint.model.weights[0].detach().numpy()[..., 0, 0]
    np.testing.assert_allclose(real, weights(3, 4) / np.array([[1.0], [2.0], [0.5]]), rtol=1e-6)


def test_a_convolution_into_the_readout_is_a_linear_layer():
    node = conv2d(weights(3, 2, 3, 3), (2, 2), (1, 1))
    graph = chain(conv2d(weights(2, 2, 1, 1)), neurons(SENSOR), node, sensor=SENSOR)
    imported = check(graph)
    assert imported.network.classes == 3 * 4 * 4
    frame = torch.rand(1, *SENSOR)
    model = imported.checkpoint.model
    expected = torch.nn.functional.conv2d(
        frame, torch.tensor(node.weight).float(), stride=2, padding=1
    )
    matrix = model.weights[1].detach().flatten(1)
    torch.testing.assert_close(frame.flatten(1) @ matrix.T, expected.flatten(1))


def test_a_flat_input_takes_the_sensors_elements_in_order():
    graph = chain(linear(weights(5, 112)), neurons((5,)), sensor=(112,))
    flat = from_nir(graph, semantics="sinabs")
    assert flat.network.input_shape == (112, 1, 1)
    deep = from_nir(graph, semantics="sinabs", sensor=SENSOR)
    assert deep.network.input_shape == SENSOR
    weight = deep.network.layers[0].edges[0].weight
    assert np.array_equal(weight.reshape(5, 112), flat.network.layers[0].edges[0].weight[..., 0, 0])
    with pytest.raises(GraphError, match=r"shape = \(112,\): expected the sensor's, \(2, 8, 8\)"):
        from_nir(graph, semantics="sinabs", sensor=(2, 8, 8))


def test_a_batch_of_one_is_stripped():
    flat = nir.Flatten({"input": np.array([1, 2, 7, 8])}, 1, -1)
    graph = chain(flat, linear(weights(5, 112)), neurons((1, 5)), sensor=(1, *SENSOR))
    assert from_nir(graph, semantics="sinabs").network.input_shape == SENSOR


def lif(tau=0.01, v_leak=0.0, shape=(3,), r=1.0):
    return nir.LIF(*(np.full(shape, value) for value in (tau, r, v_leak, 1.0)))


def test_leaks_are_kept_in_the_record_or_dropped():
    graph = chain(linear(weights(3, 4)), lif(), sensor=(4,))
    with pytest.raises(GraphError, match=r"the gain is r \* dt / tau, and the file does not know"):
        from_nir(_without_reset(graph), drop_leak=True)
    with pytest.raises(GraphError, match=r"leaks with tau = 0.01 s: .*--drop-leak"):
        from_nir(graph, semantics="norse")
    imported = from_nir(graph, semantics="sinabs", dt=0.001, drop_leak=True, resolution=1024)
    weight = imported.checkpoint.model.weights[0].detach().numpy()[..., 0, 0]
    np.testing.assert_allclose(weight, weights(3, 4) * 0.1, rtol=1e-6)
    origin = imported.checkpoint.record["nir"]
    assert origin["tau"][0] == [0.01] * 3
    assert origin["dt"] == 0.001
    row = next(row for row in imported.rows if row.kind == "LIF")
    assert not row.exact
    assert "tau = 0.01 s" in row.why


def _without_reset(graph):
    for node in graph.nodes.values():
        if hasattr(node, "v_reset"):
            node.to_dict = lambda node=node: {
                "type": type(node).__name__,
                **{name: getattr(node, name) for name in ("r", "tau", "v_leak", "v_threshold")},
            }
    return graph


def test_a_leaky_integrator_at_the_output_is_the_readout():
    li = nir.LI(*(np.full((3,), value) for value in (0.01, 1.0, 0.0)))
    graph = chain(linear(weights(2, 4)), neurons((2,)), linear(weights(3, 2)), li, sensor=(4,))
    with pytest.raises(GraphError, match=r"node '3' \(LI\): leaks with tau"):
        from_nir(graph, semantics="sinabs")
    imported = from_nir(graph, semantics="sinabs", drop_leak=True, dt=1.0)
    weight = imported.checkpoint.model.weights[1].detach().numpy()[..., 0, 0]
    np.testing.assert_allclose(weight, weights(3, 2) * 100, rtol=1e-6)
    inside = chain(linear(weights(3, 4)), li, linear(weights(2, 3)), sensor=(4,))
    with pytest.raises(GraphError, match="expected them at the output alone"):
        from_nir(inside, semantics="sinabs", drop_leak=True)


def affine(weight, bias):
    return nir.Affine(np.asarray(weight), np.asarray(bias, float))


def test_biases_are_refused_or_dropped():
    biased = affine(weights(3, 4), [0.0, 0.5, 0.0])
    plain = affine(weights(3, 4), np.zeros(3))
    assert all(row.exact for row in from_nir(
        chain(plain, neurons((3,)), sensor=(4,)), semantics="sinabs").rows)  # fmt: skip
    graph = chain(biased, neurons((3,), 2.0), sensor=(4,))
    with pytest.raises(GraphError, match=r"node '0' \(Affine\): bias of up to 0.25: .*--drop-bias"):
        from_nir(graph, semantics="sinabs")
    imported = from_nir(graph, semantics="sinabs", drop_bias=True)
    assert not next(row for row in imported.rows if row.kind == "Affine").exact
    assert imported.checkpoint.record["nir"]["bias"][0] == [0.0, 0.25, 0.0]


def test_a_bias_of_the_readout_is_where_its_logits_begin():
    graph = chain(
        linear(weights(3, 4)), neurons((3,)), affine(weights(2, 3), [1.0, -0.25]), sensor=(4,)
    )
    with pytest.raises(GraphError, match=r"node '2' \(Affine\): bias of up to 1: .*--bias-steps"):
        from_nir(graph, semantics="sinabs")
    dropped = from_nir(graph, semantics="sinabs", drop_bias=True)
    assert not dropped.network.initial_logits.any()
    imported = from_nir(graph, semantics="sinabs", bias_steps=6)
    [row] = [row for row in imported.rows if row.kind == "Affine"]
    assert (row.exact, row.why) == (True, "its bias times 6 time steps is where the logits begin")
    assert any(note.startswith("initial logits of up to 6 rounded") for note in imported.notes)
    network, model = imported.network, imported.checkpoint.model
    unit = network.logit_scale
    assert network.initial_logits.tolist() == np.rint(np.array([6.0, -1.5]) / unit).tolist()
    logits, _, _ = FloatEngine(model).run(np.zeros((0, 3), np.int32))
    assert logits.tolist() == [6.0, -1.5]
    # In time steps it arrives in each.
    frames = torch.zeros(4, 1, 4, 1, 1)
    for steps in (1, 4):
        assert model(frames[:steps])[0].tolist() == [[steps * 1.0, steps * -0.25]]
    values: list[Any] = [0, -1, 1.5, True]
    for bad in values:
        with pytest.raises(InputError, match=f"bias_steps = {bad}: expected a number"):
            from_nir(graph, semantics="sinabs", bias_steps=bad)


def test_other_biases_are_left_out_beside_that_of_the_readout():
    hidden = affine(weights(3, 4), [0.5, 0.0, 0.0])
    graph = chain(hidden, neurons((3,)), affine(weights(2, 3), [1.0, 0.0]), sensor=(4,))
    with pytest.raises(GraphError, match=r"node '0' \(Affine\): bias of up to 0.5: .*--drop-bias"):
        from_nir(graph, semantics="sinabs", bias_steps=3)
    imported = from_nir(graph, semantics="sinabs", bias_steps=3, drop_bias=True)
    assert [row.exact for row in imported.rows if row.kind == "Affine"] == [False, True]
    assert imported.checkpoint.model.readout.initial == (3.0, 0.0)


@pytest.mark.parametrize("average", [True, False])
def test_a_bias_passes_scales_pooling_and_convolutions_to_the_logits(average):
    kind = nir.AvgPool2d if average else nir.SumPool2d
    graph = chain(
        conv2d(weights(3, 2, 3, 3)),
        neurons((3, 5, 6)),
        conv2d(weights(2, 3, 2, 3, seed=2), bias=0.5),
        window(kind, 2, 2),
        nir.Scale(np.array([[[2.0]], [[3.0]]])),
        nir.Flatten({"input": np.array((2, 2, 2))}, 0, -1),
        sensor=SENSOR,
    )
    imported = from_nir(graph, semantics="sinabs", bias_steps=10)
    factor = 1 if average else 4
    assert imported.checkpoint.model.readout.initial == tuple(
        10 * 0.5 * factor * scale for scale in (2.0, 3.0) for _ in range(4)
    )


def test_sums_in_place_of_the_last_neurons_begin_at_what_reaches_them():
    graph = chain(
        linear(weights(3, 4)), neurons((3,)), affine(weights(2, 3), [1.0, -0.25]),
        neurons((2,), [2.0, 0.5]), sensor=(4,),
    )  # fmt: skip
    imported = from_nir(graph, semantics="sinabs", readout="sums", bias_steps=4)
    assert imported.checkpoint.model.readout.initial == (2.0, -2.0)
    # A spiking layer has none.
    with pytest.raises(GraphError, match=r"node '2' \(Affine\): bias of up to 0.5: .*--drop-bias"):
        from_nir(graph, semantics="sinabs", bias_steps=4)


def test_the_bias_of_a_shortcut_is_told_by_its_own_node():
    first, second, last = (conv2d(weights(3, n, 3, 3), padding=(1, 1)) for n in (2, 3, 3))
    direct = conv2d(weights(3, 3, 1, 1), bias=0.5)
    longer = {"second": second, "passed": neurons((3, 7, 8)), "last": last}
    graph = residual(first, longer, {"direct": direct}, neurons((3, 7, 8)))
    with pytest.raises(GraphError, match=r"node 'direct' \(Conv2d\): bias of up to 0.5"):
        from_nir(graph, semantics="sinabs")
    rows = from_nir(graph, semantics="sinabs", drop_bias=True).rows
    assert [row.node for row in rows if not row.exact] == ["direct"]
    # Two that cancel each other are none.
    last.bias = np.full(3, -0.5)
    assert all(row.exact for row in from_nir(graph, semantics="sinabs").rows)


def test_a_bias_counts_once_where_two_currents_reach_it():
    first, second = (conv2d(weights(3, n, 3, 3), padding=(1, 1)) for n in (2, 3))
    shared = conv2d(weights(3, 3, 3, 3), bias=0.5)
    longer = {"second": second, "passed": neurons((3, 7, 8)), "shared": shared}
    graph = residual(first, longer, {}, neurons((3, 5, 6)))
    graph.edges = [*(edge for edge in graph.edges if edge != ("fork", "join")), ("fork", "shared")]
    with pytest.raises(GraphError, match=r"node 'shared' \(Conv2d\): bias of up to 0.5"):
        from_nir(graph, semantics="sinabs")


def test_what_a_row_said_stays_beside_its_bias():
    one = conv1d(weights(4, 2, 3))
    one.bias = np.full(4, 0.5)
    graph = chain(one, neurons((4, 6)), sensor=(2, 8))
    rows = from_nir(graph, semantics="sinabs", drop_bias=True).rows
    [row] = [row for row in rows if row.kind == "Conv1d"]
    assert row.why == "a convolution of height 1; bias left out: fine-tune it"


ONE = linear(weights(3, 4))


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([ONE, nir.Delay(np.ones(3))], r"node '1' \(Delay\): a delay"),
        ([ONE, nir.CubaLIF(*(np.ones(3),) * 5)], r"\(CubaLIF\): synapses with a time constant"),
        ([ONE, nir.Threshold(np.ones(3))], "a threshold without a membrane"),
        ([ONE, linear(weights(2, 3)), neurons((2,))], r"node '1' \(Linear\): weights behind"),
        ([ONE, neurons((3,), [1.0, -1.0, 1.0])], "v_threshold = -1: expected positive"),
        ([ONE, neurons((3,), [1.0, np.nan, 1.0])], "v_threshold: expected numbers, got NaN"),
        ([ONE, neurons((3,), v_reset=np.full(3, -0.5))], "v_reset = -0.5: expected 0"),
        ([ONE, neurons((3,), r=0.0)], "r = 0: expected positive"),
        ([ONE, neurons((4,))], r"r of shape \(4,\): expected \(3,\), its input's"),
        (
            [linear(weights(3, 5)), neurons((3,))],
            r"weight of shape \(3, 5\) on an input of \(4,\): expected 4 columns",
        ),
        ([linear(np.full((3, 4), np.inf)), neurons((3,))], "finite numbers"),
        ([ONE, lif(-0.01)], "tau = -0.01: expected positive"),
        ([ONE, lif(np.inf)], "tau or r is infinite, and the other is not"),
        ([ONE, lif(v_leak=0.2)], "v_leak = 0.2 drives it without events"),
        ([neurons((4,))] * 0, "receives the sensor's events"),
        ([conv2d(weights(3, 4, 3, 3)), neurons((3,))], r"expected \(channels, height, width\)"),
        ([nir.Flatten({"input": np.array([4])}, 2, -1)], "start_dim = 2, end_dim = -1"),
        ([nir.Flatten({"input": np.array([4])}, -2, -1)], "start_dim = -2, end_dim = -1"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(nodes, message):
    with pytest.raises(GraphError, match=message):
        from_nir(chain(*nodes, sensor=(4,)), semantics="sinabs")


def test_thresholds_that_differ_within_a_channel_are_refused():
    threshold = np.ones((3, 5, 6))
    threshold[1, 2, 3] = 2.0
    graph = chain(conv2d(weights(3, 2, 3, 3)), neurons((3, 5, 6), threshold), sensor=SENSOR)
    with pytest.raises(GraphError, match=r"node '1' \(IF\): v_threshold differs within a channel"):
        from_nir(graph, semantics="sinabs")


def test_a_kernel_larger_than_its_input_is_refused():
    graph = chain(conv2d(weights(4, 2, 9, 3), padding=(0, 1)), neurons((4, 1, 8)), sensor=SENSOR)
    with pytest.raises(GraphError, match=r"node '0' \(Conv2d\): a kernel of \(9, 3\) .* at most"):
        from_nir(graph, semantics="sinabs")


@pytest.mark.parametrize("start", [0, 1, -3])
def test_dimensions_that_are_flattened_may_count_from_the_end(start):
    flatten = nir.Flatten({"input": np.array((4, 5, 6))}, start, -1)
    first, last = conv2d(weights(4, 2, 3, 3)), linear(weights(3, 120))
    check(chain(first, neurons((4, 5, 6)), flatten, last, neurons((3,)), sensor=SENSOR))


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (3, 0), (2, 1)])
def test_overlapping_pooling_is_refused(stride, padding):
    pool = nir.SumPool2d(np.array([2, 2]), np.full(2, stride), np.full(2, padding))
    with pytest.raises(
        GraphError, match=r"node '0' \(SumPool2d\): .*expected windows side by side"
    ):
        from_nir(chain(pool, neurons(SENSOR), sensor=SENSOR), semantics="sinabs")


def test_layers_side_by_side_and_nested_shortcuts_are_refused():
    first = conv2d(weights(4, 2, 3, 3), padding=(1, 1))
    same = {name: conv2d(weights(4, 4, 3, 3), padding=(1, 1)) for name in "abcd"}
    fires = {name: neurons((4, 7, 8)) for name in ("s", "t", "u")}
    beside = residual(
        first, {"a": same["a"], "s": fires["s"]}, {"b": same["b"], "t": fires["t"]},
        neurons((4, 7, 8)),
    )  # fmt: skip
    with pytest.raises(GraphError, match=r"node '(join|s|t)' \(IF\): receives layer 1.*a chain of"):
        from_nir(beside, semantics="sinabs")
    nodes = {
        "input": entry(SENSOR), "first": first, "fork": neurons((4, 7, 8)),
        **same, **fires, "join": neurons((4, 7, 8)), "output": leave(),
    }  # fmt: skip
    names = ["input", "first", "fork", "a", "s", "b", "t", "c", "u", "d", "join", "output"]
    line = list(itertools.pairwise(names))
    nested = nir.NIRGraph(nodes, [*line, ("s", "u"), ("fork", "join")], type_check=False)
    with pytest.raises(
        GraphError,
        match=r"node 'join' \(IF\): its shortcut from layer 1 \(node '\w+'\) passes layer 4",
    ):
        from_nir(nested, semantics="sinabs")
    early = nir.NIRGraph(nodes, [*line, ("first", "s")], type_check=False)
    with pytest.raises(GraphError, match="a shortcut from the sensor"):
        from_nir(early, semantics="sinabs")
    late = nir.NIRGraph(nodes, [*line, ("u", "output")], type_check=False)
    with pytest.raises(
        GraphError, match=r"node 'output' \(Output\): .*no shortcut into the readout"
    ):
        from_nir(late, semantics="sinabs")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"semantics": "brian"}, "semantics = 'brian': expected one of sinabs, snntorch"),
        ({"readout": "rates"}, "readout = 'rates'"),
        ({"dt": -1.0}, "dt = -1.0: expected a positive number"),
        ({"floor": 1.0}, "floor = 1.0"),
        ({"bits": 9}, "weight_bits = 9"),
    ],
)
def test_choices_that_are_none(choice, message):
    graph = chain(ONE, neurons((3,)), sensor=(4,))
    with pytest.raises(ValueError, match=message):
        from_nir(graph, **{"semantics": "sinabs", **choice})


def test_semantics_are_asked_for_where_nothing_tells():
    graph = chain(ONE, neurons((3,)), sensor=(4,))
    with pytest.raises(
        GraphError, match=r"node '1' \(IF\): v_reset = 0 is written by.*--semantics"
    ):
        from_nir(graph)
    jelly = from_nir(chain(ONE, neurons((3,), r=1e4), sensor=(4,)))
    assert jelly.checkpoint.record["nir"]["semantics"]["name"] == "spikingjelly"
    old = chain(ONE, neurons((3,)), sensor=(4,))
    node = old.nodes["1"]
    node.to_dict = lambda: {"type": "IF", "r": node.r, "v_threshold": node.v_threshold}
    assert from_nir(old).network.layers[0].reset == "subtract"


def test_a_graph_may_do_without_input_and_output():
    whole = chain(conv2d(weights(3, 2, 3, 3)), neurons((3, 5, 6)), sensor=SENSOR)
    bare = nir.NIRGraph({n: whole.nodes[n] for n in "01"}, [("0", "1")], type_check=False)
    with pytest.raises(GraphError, match=r"node '0' \(Conv2d\): no shape: give the sensor's"):
        from_nir(bare, semantics="sinabs")
    for readout in ("spikes", "sums"):
        mine = from_nir(bare, semantics="sinabs", sensor=SENSOR, readout=readout)
        theirs = from_nir(whole, semantics="sinabs", readout=readout)
        assert mine.network.hash == theirs.network.hash


def stepped(graph, frames, decays, reset="zero", strict=False, delayed=False, many=False):
    """Spike counts of a graph's neurons in time steps, as Euler's rule has them."""
    name, counts, membranes, before = "input", {}, {}, {}
    for frame in frames:
        x, name = frame.double(), "input"
        while name != "output":
            node = graph.nodes[name]
            if isinstance(node, nir.LIF | nir.IF):
                threshold = torch.as_tensor(node.v_threshold)
                last = membranes.get(name, torch.zeros(threshold.shape).double())
                decay = torch.as_tensor(decays.get(name, 1.0))
                gain = 1 - decay if name in decays else 1.0
                charge = last * decay + x.reshape(threshold.shape) * gain
                if delayed:
                    charge = charge - before.get(name, 0.0) * threshold
                ratio = charge / threshold
                fired = (ratio.ceil() - 1 if strict else ratio.floor()).clamp(min=0)
                fired = fired if many else fired.clamp(max=1)
                kept = charge if delayed else charge - fired * threshold
                membranes[name] = kept if reset == "subtract" else charge.where(fired == 0, 0)
                before[name] = fired
                counts[name] = counts.get(name, 0) + fired
                x = fired
            elif name != "input":
                x = linear_part(node, x)
            name = next(target for source, target in graph.edges if source == name)
    return {name: count.reshape(-1) for name, count in counts.items()}


LEAKY_WAYS = {
    "snntorch": {"reset": "subtract", "strict": True, "delayed": True},
    "spikingjelly": {},
    "norse": {"strict": True},
}


@pytest.mark.parametrize("semantics", LEAKY_WAYS)
def test_in_time_steps_the_checkpoint_leaks_as_the_graph_does(semantics):
    """Decays of 1 - 1/8 in the first layer, by channel in the second, and no leak in the third."""
    first = conv2d(weights(4, 2, 3, 3) * 8)
    second = linear(weights(3, 4 * 5 * 6, seed=3) * 4)
    leak = {"1": 0.875, "4": np.array([0.5, 0.75, 0.875])}
    graph = chain(
        first,
        lif(0.008, shape=(4, 5, 6)),
        nir.Flatten({"input": np.array((4, 5, 6))}, 0, -1),
        second,
        nir.LIF(0.001 / (1 - leak["4"]), np.ones(3), np.zeros(3), np.ones(3)),
        linear(weights(2, 3, seed=4)),
        neurons((2,), r=1000.0),
        sensor=SENSOR,
    )
    imported = from_nir(graph, semantics=semantics, dt=0.001, drop_leak=True)
    model = imported.checkpoint.model
    assert model.leaks
    assert [neuron.kind for neuron in model.layer_neurons] == ["lif", "lif", "if"]
    assert any("leak as the graph says" in note for note in imported.notes)
    # The last neurons without a floor, as the graph's.
    model.layer_neurons = (
        *model.layer_neurons[:2],
        dataclasses.replace(model.layer_neurons[2], floor=-np.inf),
    )
    frames = torch.randint(0, 3, (12, 1, *SENSOR), generator=torch.Generator().manual_seed(1))
    expected = stepped(graph, frames[:, 0], leak, **LEAKY_WAYS[semantics])
    with torch.no_grad():
        counts, spikes = model.counts(frames.float())
    assert [float(each) for each in spikes] == [float(expected[name].sum()) for name in "146"]
    assert all(each > 3 for each in spikes[:2])
    assert torch.equal((counts * len(frames)).round().flatten().double(), expected["6"])
    # Event by event nothing leaks.
    assert [layer.reset for layer in imported.network.layers[:-1]] == [
        LEAKY_WAYS[semantics].get("reset", "zero")
    ] * 3
    with pytest.raises(InputError, match="expected 'if'"):
        FloatEngine(model)


@pytest.mark.parametrize("semantics", ["norse", "sinabs"])
@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_integrators_at_the_output_leak_in_time_steps(semantics, bias):
    """As v = decay * v + r * dt / tau * (weights + bias), by channel, and not event by event."""
    tau, r = np.array([0.002, 0.004, np.inf]), np.array([1.0, 3.0, np.inf])
    kept = 1 - 0.001 / tau if semantics == "norse" else np.exp(-0.001 / tau)
    gain = np.array([0.5, 0.75, 1.0])
    first, last = linear(weights(3, 4) * 2), affine(weights(3, 3, seed=4), np.full(3, bias))
    integrators = nir.LI(tau, r, np.zeros(3))
    graph = chain(first, neurons((3,), r=1000.0), last, integrators, sensor=(4,))
    how: dict[str, Any] = {"semantics": semantics, "dt": 0.001, "bias_steps": 7}
    with pytest.raises(GraphError, match=r"node '3' \(LI\): leaks with tau = 0.002 s.*--drop-leak"):
        from_nir(graph, **how)
    imported = from_nir(graph, **how, drop_leak=True)
    [row] = [row for row in imported.rows if row.kind == "LI"]
    assert not row.exact
    assert "leak left out event by event (tau = 0.002 s, dt = 0.001 s)" in row.why
    assert any("leak as the graph says" in note for note in imported.notes)
    model = imported.checkpoint.model
    frames = torch.randint(0, 3, (9, 2, 4, 1, 1), generator=torch.Generator().manual_seed(1))
    weight = torch.from_numpy(last.weight)
    with torch.no_grad():
        sums = [model.counts(frames[:step].float())[0].flatten(1) * step for step in range(1, 10)]
        logits, _ = model(frames.float())
    v = torch.zeros(2, 3, dtype=torch.float64)
    for now, before in zip(sums, [torch.zeros(2, 3), *sums], strict=False):
        spikes = (now - before).round().double()
        v = torch.from_numpy(kept) * v + torch.from_numpy(gain) * (spikes @ weight.T + bias)
    torch.testing.assert_close(logits.double(), v, rtol=1e-5, atol=1e-5)
    assert logits.abs().min() > 0.1
    assert imported.checkpoint.record["nir"]["tau"] == [None, [0.002, 0.004, np.inf]]
    network = imported.network
    expected = np.rint(7 * bias * gain / network.logit_scale)
    assert network.initial_logits.tolist() == expected.tolist()


def test_integrators_of_positions_leak_as_their_channel_does():
    tau = np.broadcast_to([[[0.002]], [[0.004]]], (2, 5, 6))
    deep = nir.LI(tau, np.ones((2, 5, 6)), np.zeros((2, 5, 6)))
    graph = chain(conv2d(weights(2, 2, 3, 3)), deep, sensor=SENSOR)
    imported = from_nir(graph, semantics="norse", dt=0.001, drop_leak=True)
    assert imported.checkpoint.model.readout.decay == (*[0.5] * 30, *[0.75] * 30)


def test_leaky_neurons_without_their_threshold_are_leaky_integrators():
    last = lif(0.002, shape=(3,))
    graph = chain(linear(weights(3, 4)), neurons((3,)), linear(weights(3, 3)), last, sensor=(4,))
    imported = from_nir(
        graph, semantics="norse", dt=0.001, readout="sums", drop_leak=True, resolution=100_000
    )
    assert imported.checkpoint.model.readout.decay == 0.5
    [row] = [row for row in imported.rows if row.kind == "LIF"]
    assert row.why == (
        "without its threshold, and event by event without its leak (tau = 0.002 s, dt = 0.001 s)"
    )


def test_a_leak_that_leaves_nothing_is_refused():
    graph = chain(linear(weights(3, 4)), lif(0.001), sensor=(4,))
    with pytest.raises(GraphError, match=r"node '1' \(LIF\): tau = 0.001 s, dt = 0.001 s: nothing"):
        from_nir(graph, semantics="norse", dt=0.001, drop_leak=True)
    found = from_nir(graph, semantics="sinabs", dt=0.001, drop_leak=True).checkpoint.model.neuron
    assert found == LeakyIntegrateAndFire(np.exp(-1), spikes="many", reset="subtract")


@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f4", ">f8", "<i4"])
def test_numbers_of_any_width_and_byte_order_are_the_same(kind, tmp_path):
    node = conv2d(np.round(weights(4, 2, 3, 3) * 4), size=(7, 8))
    graph = chain(node, neurons((4, 5, 6), 8.0), sensor=SENSOR)
    expected = from_nir(graph, semantics="sinabs").network.hash
    nir.write(tmp_path / "a.nir", graph)
    with h5py.File(tmp_path / "a.nir", "a") as file:
        for place, field in (("0", "weight"), ("1", "v_threshold"), ("1", "r")):
            group: Any = file[f"node/nodes/{place}"]
            values = group[field][()]
            del group[field]
            group[field] = values.astype(kind)
    assert from_nir(tmp_path / "a.nir", semantics="sinabs").network.hash == expected


def test_thresholds_may_be_one_for_all_or_have_a_batch_in_front():
    graph = chain(conv2d(weights(4, 2, 3, 3)), neurons((4, 5, 6), 2.0), sensor=SENSOR)
    expected = from_nir(graph, semantics="sinabs").network.hash
    for shape in ((), (1,), (1, 4, 5, 6), (4, 1, 1)):
        graph.nodes["1"].v_threshold = np.full(shape, 2.0)
        assert from_nir(graph, semantics="sinabs").network.hash == expected
    graph.nodes["1"].v_threshold = np.full((4,), 2.0)
    with pytest.raises(GraphError, match=r"v_threshold of shape \(4,\): expected \(4, 5, 6\)"):
        from_nir(graph, semantics="sinabs")
