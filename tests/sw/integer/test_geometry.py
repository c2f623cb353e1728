from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.random_networks import random_network
from tickless.sw.integer.geometry import Geometry, GeometryError, Reach
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec, layer_geometries

CASES = [
    ((2, 7, 5), LayerSpec("conv2d", 4, kernel=3, stride=1, padding=1)),
    ((2, 7, 5), LayerSpec("conv2d", 4, kernel=3, stride=2, padding=0)),
    ((4, 8, 9), LayerSpec("conv2d", 6, kernel=4, stride=3, padding=2, groups=2)),
    ((3, 9, 9), LayerSpec("conv2d", 3, kernel=1, stride=3, padding=0, groups=3)),
    ((2, 5, 6), LayerSpec("conv2d", 2, kernel=1, stride=2, padding=2)),
    ((2, 11, 7), LayerSpec("conv2d", 4, kernel=2, stride=2, padding=1, pool=3, groups=2)),
    ((1, 12, 10), LayerSpec("conv2d", 3, kernel=3, stride=1, padding=1, pool=2)),
    ((2, 7, 6), LayerSpec("conv2d", 2, kernel=(3, 2), stride=(2, 1), padding=(0, 1))),
    ((1, 1, 9), LayerSpec("conv2d", 3, kernel=(1, 4), stride=(1, 3), padding=(0, 2))),
    ((1, 9, 1), LayerSpec("conv2d", 2, kernel=(3, 1), padding=(1, 0), dilation=(2, 1))),
    ((2, 9, 8), LayerSpec("conv2d", 2, kernel=3, padding=2, dilation=2)),
    ((1, 12, 11), LayerSpec("conv2d", 2, kernel=(3, 4), stride=(2, 3), padding=1, dilation=2)),
    ((1, 14, 13), LayerSpec("conv2d", 1, kernel=3, stride=(4, 2), padding=(3, 4), dilation=(6, 4))),
    (
        (2, 11, 13),
        LayerSpec("conv2d", 2, (2, 3), (1, 2), (2, 0), pool=2, groups=2, dilation=(2, 1)),
    ),
    ((2, 5, 4), LayerSpec("linear", 7)),
    ((2, 7, 8), LayerSpec("readout", 5, pool=3)),
]


def spread(geometry: Geometry, weight: np.ndarray, event: tuple[int, int, int]) -> np.ndarray:
    """What one event adds to each neuron, by the geometry's own account."""
    channel, y, x = event
    result = np.zeros(geometry.output_shape)
    rows, columns = geometry.reach(0, y), geometry.reach(1, x)
    for row, kernel_y in zip(rows.positions, rows.kernel, strict=True):
        for column, kernel_x in zip(columns.positions, columns.kernel, strict=True):
            for output in geometry.group_channels(channel):
                own = weight[output, channel % geometry.weight_shape[1]]
                result[output, row, column] += own[kernel_y, kernel_x]
    return result


def by_torch(geometry: Geometry, weight: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The same by torch: average pooling without its factor, then the weighted layer."""
    source = torch.from_numpy(image)[None]
    pooled = functional.avg_pool2d(source, geometry.pool) * geometry.pool**2
    if geometry.kind == "conv2d":
        out = functional.conv2d(
            pooled,
            torch.from_numpy(weight),
            stride=geometry.stride,
            padding=geometry.padding,
            dilation=geometry.dilation,
            groups=geometry.groups,
        )
    else:
        flat = torch.from_numpy(weight).flatten(1)
        out = functional.linear(pooled.flatten(1), flat)[:, :, None, None]
    return out[0].numpy()


@pytest.mark.parametrize(("sensor", "spec"), CASES)
def test_every_event_reaches_what_torch_says(sensor, spec):
    (geometry,) = layer_geometries(sensor, [spec])
    weight = 1 + np.arange(np.prod(geometry.weight_shape), dtype=np.float64)
    weight = weight.reshape(geometry.weight_shape)
    for event in np.ndindex(*sensor):
        image = np.zeros(sensor)
        image[event] = 1
        expected = by_torch(geometry, weight, image)
        assert expected.shape == geometry.output_shape
        np.testing.assert_allclose(spread(geometry, weight, event), expected)


@pytest.mark.parametrize("seed", range(20))
def test_layers_of_a_chain_agree_with_torch_on_their_live_extent(seed):
    rng = np.random.default_rng(seed)
    for layer in random_network(rng).layers:
        (edge,) = layer.edges
        geometry = edge.geometry
        if min(geometry.pooled_shape) < 1:
            continue
        image = rng.integers(-5, 6, geometry.input_shape).astype(np.float64)
        total = np.zeros(geometry.output_shape)
        for event in np.ndindex(*geometry.input_shape):
            total += image[event] * spread(geometry, edge.weight, event)
        _, height, width = geometry.output_shape
        expected = by_torch(geometry, edge.weight.astype(np.float64), image)
        np.testing.assert_allclose(total, expected[:, :height, :width])


def test_live_extent_leaves_out_what_no_consumer_reads():
    specs = [
        LayerSpec("conv2d", 2, kernel=1),
        LayerSpec("conv2d", 2, kernel=2, stride=3),
        LayerSpec("readout", 3, pool=2),
    ]
    first, second, readout = layer_geometries((1, 12, 16), specs)
    # 12 x 16 -> 4 x 5 -> pooled 2 x 2: column 4 is no one's, and so are rows 11 and columns 11..15.
    assert first.output_shape == (2, 11, 11)
    assert second.output_shape == (2, 4, 4)
    assert readout.weight_shape == (3, 2, 2, 2)


def test_live_extent_holds_what_a_shortcut_reads_too():
    # Pooled by 3, 8 x 11 leaves 6 x 9 to the chain; pooled by 2, 8 x 10 to the shortcut.
    shortcut = ShortcutSpec(0, kernel=2, pool=2)
    specs = [
        LayerSpec("conv2d", 2, kernel=1),
        LayerSpec("conv2d", 4, kernel=1, pool=3),
        LayerSpec("conv2d", 2, kernel=2, padding=1, shortcut=shortcut),
        LayerSpec("readout", 3),
    ]
    fork, _, join, _ = layer_geometries((1, 8, 11), specs)
    assert join.output_shape == (2, 3, 4)
    assert fork.output_shape == (2, 8, 10)
    plain = [replace(spec, shortcut=None) for spec in specs]
    assert layer_geometries((1, 8, 11), plain)[0].output_shape == (2, 6, 9)
    direct = shortcut.geometry(fork.output_shape, join.output_shape)
    assert (direct.kind, direct.weight_shape) == ("conv2d", (2, 2, 2, 2))


def test_one_value_stands_for_both_axes():
    sensor = (2, 9, 9)
    square = LayerSpec("conv2d", 4, kernel=2, stride=3, padding=1, dilation=2)
    pairs = LayerSpec("conv2d", 4, kernel=(2, 2), stride=(3, 3), padding=(1, 1), dilation=(2, 2))
    assert layer_geometries(sensor, [square]) == layer_geometries(sensor, [pairs])


def test_live_extent_of_dilated_and_oblong_layers():
    specs = [
        LayerSpec("conv2d", 1, kernel=1),
        LayerSpec("conv2d", 1, kernel=(2, 3), stride=(4, 3), padding=(0, 1), dilation=(2, 3)),
        LayerSpec("readout", 1),
    ]
    # Rows 0, 2 and 4, 6 of 9; columns -1, 2, 5 and 2, 5, 8 of 10.
    first, second, _ = layer_geometries((1, 9, 10), specs)
    assert second.output_shape == (1, 2, 2)
    assert first.output_shape == (1, 7, 9)


def test_trimming_layers_changes_no_output():
    specs = [
        LayerSpec("conv2d", 2, kernel=2, padding=1),
        LayerSpec("conv2d", 3, kernel=2, stride=3, pool=2),
        LayerSpec("readout", 4, pool=2),
    ]
    rng = np.random.default_rng(1)
    image = rng.standard_normal((2, 17, 19))
    whole = live = image
    for geometry in layer_geometries((2, 17, 19), specs):
        weight = rng.standard_normal(geometry.weight_shape)
        whole = by_torch(geometry, weight, whole)
        _, height, width = geometry.output_shape
        live = by_torch(geometry, weight, live)[:, :height, :width]
    np.testing.assert_allclose(live, whole)


def test_reach_of_coordinates_outside_is_empty():
    (geometry,) = layer_geometries((1, 7, 7), [LayerSpec("conv2d", 1, kernel=3, pool=2)])
    for coordinate in (-1, 6, 7, 100):
        assert geometry.reach(0, coordinate) == Reach(range(0), range(0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "conv3d"}, "kind"),
        ({"input_shape": (2, 0, 4)}, "input_shape"),
        ({"input_shape": [2, 4, 4]}, "input_shape"),
        ({"output_shape": (4, 3)}, "output_shape"),
        ({"output_shape": (4, 4, 2)}, "output_shape"),
        ({"output_shape": (4, 2, 4)}, "output_shape"),
        ({"kernel": 3}, "kernel"),
        ({"kernel": (3, 4)}, "output_shape"),
        ({"kernel": (4, 3)}, "output_shape"),
        ({"kernel": (9, 9)}, "output_shape"),
        ({"stride": 1}, "stride"),
        ({"stride": (1, 0)}, "stride"),
        ({"stride": (1, 2)}, "output_shape"),
        ({"stride": (1.0, 1)}, "stride"),
        ({"padding": (-1, 0)}, "padding"),
        ({"padding": (0, True)}, "padding"),
        ({"dilation": (0, 1)}, "dilation"),
        ({"dilation": (1, 2)}, "output_shape"),
        ({"pool": 0}, "pool"),
        ({"groups": 3}, "groups"),
        ({"kind": "linear"}, "kernel"),
    ],
)
def test_impossible_geometry_is_refused(change, message):
    values = {
        "kind": "conv2d",
        "input_shape": (2, 5, 5),
        "output_shape": (4, 3, 3),
        "kernel": (3, 3),
    }
    Geometry(**values)
    with pytest.raises(GeometryError, match=f"^{message}"):
        Geometry(**{**values, **change})


@pytest.mark.parametrize(
    "spec",
    [
        LayerSpec("conv2d", 2, kernel=6),
        LayerSpec("conv2d", 2, kernel=1, pool=6),
        LayerSpec("linear", 2, pool=6),
        LayerSpec("conv2d", 3, kernel=1, groups=2),
    ],
)
def test_chain_names_the_impossible_layer(spec):
    with pytest.raises(GeometryError, match=r"^layer 2: "):
        layer_geometries((2, 5, 5), [LayerSpec("conv2d", 2, kernel=1), spec])


@pytest.mark.parametrize(
    ("shortcut", "message"),
    [
        (ShortcutSpec(1, kernel=1), "shortcut.source = 1: expected < 1"),
        (ShortcutSpec(2, kernel=1), "shortcut.source = 2: expected < 1"),
        (ShortcutSpec(0, kernel=2), r"output \(4, 4, 4\): expected the layer's own, \(4, 5, 5\)"),
        (ShortcutSpec(0, kernel=6), "has no output"),
        (ShortcutSpec(0, kernel=1, groups=4), "groups = 4: expected a divisor of the 2 input"),
    ],
)
def test_chain_refuses_an_impossible_shortcut(shortcut, message):
    specs = [LayerSpec("conv2d", 2, kernel=1), LayerSpec("conv2d", 3, kernel=1)]
    specs.append(LayerSpec("conv2d", 4, kernel=3, padding=1, shortcut=shortcut))
    with pytest.raises(GeometryError, match=f"^layer 3: .*{message}"):
        layer_geometries((2, 5, 5), specs)


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 0},
        {"kernel": 0},
        {"kernel": (1, 0)},
        {"pool": 0},
        {"stride": "2"},
        {"stride": (1, 1, 1)},
        {"padding": (0, -1)},
        {"dilation": [1, 1]},
        {"shortcut": {"source": 0}},
    ],
)
def test_layer_spec_is_checked(change):
    with pytest.raises(GeometryError, match=next(iter(change))):
        LayerSpec(**{"kind": "conv2d", "channels": 1, "kernel": 1, **change})


@pytest.mark.parametrize(
    "change", [{"source": -1}, {"source": "a"}, {"kernel": 0}, {"groups": 0}, {"dilation": (0, 1)}]
)
def test_shortcut_spec_is_checked(change):
    with pytest.raises(GeometryError, match=next(iter(change))):
        ShortcutSpec(**{"source": 0, "kernel": 1, **change})
