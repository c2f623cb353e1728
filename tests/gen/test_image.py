import re
from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import core_contents, layer_cores
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.image import load_image
from tickless.gen.manifest import manifest
from tickless.gen.place import place
from tickless.sw.integer.layer import Edge, Layer, Reset
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, PerAxis, layer_geometries


def begun(network, *logits):
    """The same network, its logits beginning at these."""
    *layers, readout = network.layers
    initial = np.array(logits, np.int32)
    return replace(network, layers=(*layers, replace(readout, initial_logits=initial)))


def test_the_manifest_says_where_everything_lies():
    network = random_network(np.random.default_rng(5))
    network = begun(network, *range(-3, network.classes - 3))
    slices = [1] * len(network.layers)
    config = place(2, 3, layer_cores(network, fold_fully(network), slices, loadable=True), [], {})
    description = manifest(network, config, [], "", {}, "top")
    fields = {field["name"]: field["bits"] for field in description["mesh"]["load"]}
    assert fields["chunk"] == 32 + 24
    chunks = load_image(config, network)
    cores = [core for layer in description["layers"] for core in layer["cores"]]
    held = core_contents(network, config.layers)
    for number, (core, shape, contents) in enumerate(zip(cores, config.cores, held, strict=True)):
        mine = {int(address): int(value) for k, address, value in chunks if k == number}
        [shift] = map(int, re.findall(r"word << (\d+)", core["load"]["address"]))
        words = {
            region["name"]: [
                sum(
                    mine.pop(region["first"] + (word << shift) + chunk) << 32 * chunk
                    for chunk in range(region["chunks"])
                )
                for word in range(region["words"])
            ]
            for region in core["load"]["regions"]
        }
        assert not mine
        assert words["weights"] == list(contents.weight_words)
        if shape.readout:
            logits = [logit % (1 << 32) for logit in network.initial_logits.tolist()]
            assert words["initial_logits"] == logits
            continue
        [region] = [entry for entry in core["load"]["regions"] if entry["name"] == "neurons"]
        [field] = [entry for entry in region["fields"] if entry["name"] == "thresholds"]
        bits = field["bits"] // field["count"]
        first = [
            words["neurons"][0] >> field["offset"] + lane * bits & ((1 << bits) - 1)
            for lane in range(min(field["count"], shape.output_shape[0]))
        ]
        assert first == list(contents.thresholds[: len(first)])


def small_network(
    kernel=3,
    stride=3,
    padding: PerAxis = 1,
    groups=1,
    dilation: PerAxis = 1,
    reset: Reset = "subtract",
):
    """Two input channels, one convolution to 4 channels of 3 x 3, a readout."""
    spec = LayerSpec("conv2d", 4, kernel, stride, padding, groups=groups, dilation=dilation)
    layers = []
    for name, geometry in zip(
        ("conv", "readout"),
        layer_geometries((2, 9, 9), [spec, LayerSpec("readout", 3)]),
        strict=True,
    ):
        size = 4 if name == "conv" else 0
        weight = np.ones(geometry.weight_shape, np.int8)
        threshold, floor = np.full(size, 3, np.int32), np.full(size, -2, np.int32)
        edges = (Edge(geometry, weight, 4),)
        kind: Reset = reset if size else "subtract"
        layers.append(Layer(name, edges, threshold, floor, 8 if size else 32, kind))
    return Network(tuple(layers))


def small_mesh(network=None, **options):
    foldings = [Folding(2, 1), Folding(3, 1)]
    layers = layer_cores(network or small_network(), foldings, [1, 1], loadable=True, **options)
    return place(2, 1, layers, [], {})


def test_what_no_network_asks_for_need_not_match():
    options = {"fast_clock": False, "counter_bits": 32, "profile": False, "queue_depth": 64}
    other = small_mesh(margin=4, epoch_bits=2, **options)
    image = load_image(small_mesh(), small_network())
    assert load_image(other, small_network()).tobytes() == image.tobytes()


def test_padding_is_loaded():
    images = [load_image(small_mesh(), small_network(padding=padding)) for padding in (0, 1)]
    assert len(images[0]) == len(images[1])
    assert images[0].tobytes() != images[1].tobytes()


def test_dilation_is_loaded():
    # Of both, an event reaches one position at most.
    images = [
        load_image(small_mesh(), small_network(dilation=dilation, padding=padding))
        for dilation, padding in ((1, 1), (2, 2), ((2, 1), (2, 1)))
    ]
    assert len({image.tobytes() for image in images}) == len(images)
    assert len({len(image) for image in images}) == 1


def test_a_network_that_resets_to_zero_is_loaded_into_cores_that_do():
    zero = small_network(reset="zero")
    assert load_image(small_mesh(zero), zero).tobytes() == (
        load_image(small_mesh(), small_network()).tobytes()
    )
    with pytest.raises(ValueError, match="reset = 'subtract': built with 'zero'"):
        load_image(small_mesh(zero), small_network())


def test_initial_logits_are_loaded_into_a_readout_that_has_some():
    plain, one, other = (begun(small_network(), *logits) for logits in ((), (1, -2, 3), (4, 5, 6)))
    mesh = small_mesh(one)
    images = [load_image(mesh, network) for network in (plain, one, other)]
    assert len({image.tobytes() for image in images}) == 3
    assert len({len(image) for image in images}) == 1
    words = {1, 3, (1 << 32) - 2}
    assert words <= set(images[1]["data"][images[1]["core"] == 1].tolist())
    # Without, a readout has no place for them.
    assert len(load_image(small_mesh(), plain)) == len(images[0]) - 3
    with pytest.raises(ValueError, match="core 'readout': initial_logits = True: built with False"):
        load_image(small_mesh(), one)


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"reset": "zero"}, "reset = 'zero': built with 'subtract'"),
        ({"dilation": 3, "padding": 3}, "words of rows_0 = 64: built with 16"),
        ({"groups": 2}, "edge 0: groups = 2: built with 1"),
        (
            {"kernel": 2, "padding": 0, "stride": 3},
            r"edge 0: kernel = \(2, 2\): built with \(3, 3\)",
        ),
        ({"padding": 0, "stride": 2}, r"output_shape = \(4, 4, 4\): built with \(4, 3, 3\)"),
    ],
)
def test_what_is_built_in_must_match(geometry, words):
    with pytest.raises(ValueError, match=f"core 'conv': {words}"):
        load_image(small_mesh(), small_network(**geometry))
