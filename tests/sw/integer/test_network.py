import copy
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.random_networks import random_network
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network, NetworkError, Provenance
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec, layer_geometries

SPECS = [
    LayerSpec("conv2d", 2, kernel=2, stride=2),
    LayerSpec("linear", 3),
    LayerSpec("readout", 2),
]

RESIDUAL_SPECS = [
    LayerSpec("conv2d", 2, kernel=2),
    LayerSpec("conv2d", 3, kernel=1),
    LayerSpec("conv2d", 2, kernel=3, padding=1, shortcut=ShortcutSpec(0, kernel=1, groups=2)),
    LayerSpec("readout", 2),
]


def small_network(specs=SPECS, sensor=(1, 4, 4)) -> Network:
    rng = np.random.default_rng(0)
    layers = []
    geometries = layer_geometries(sensor, specs)
    for name, spec, geometry in zip("abcdefg", specs, geometries, strict=False):
        weight = rng.integers(-8, 8, geometry.weight_shape).astype(np.int8)
        spiking = geometry.kind != "readout"
        threshold = np.full(geometry.output_shape[0] if spiking else 0, 5, np.int32)
        bits = 6 if spiking else 32
        edges = [Edge(geometry, weight, 4)]
        if spec.shortcut:
            source = spec.shortcut.source
            sent = geometries[source].output_shape
            direct = spec.shortcut.geometry(sent, geometry.output_shape)
            ones = np.ones(direct.weight_shape, np.int8)
            edges.append(Edge(direct, ones, 3, "abcdefg"[source]))
        layers.append(Layer(name, tuple(edges), threshold, -threshold, bits))
    origin = Provenance("digits", "mixed", 3, {"float": 0.5})
    return Network(tuple(layers), 0.25, origin)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "small.safetensors"


def parts(network: Network) -> tuple[dict, dict]:
    """Description and tensors as a file holds them, to damage."""
    text = json.loads(json.dumps({**network._description(), "hash": network.hash}))
    return text, {name: array.copy() for name, array in network._tensors().items()}


def refused(path, text, tensors, *expected):
    save_file(tensors, path, {"tickless": text if isinstance(text, str) else json.dumps(text)})
    with pytest.raises(NetworkError) as caught:
        Network.load(path)
    for part in (str(path), *expected):
        assert part in str(caught.value)


@pytest.mark.parametrize("shortcuts", [0, 1, 2])
@pytest.mark.parametrize("seed", range(10))
def test_round_trip(path, seed, shortcuts):
    network = random_network(np.random.default_rng(seed), shortcuts=shortcuts)
    network = replace(network, provenance=Provenance("d", "m", seed, {"float": 0.5, "rtl": 1.0}))
    network.save(path)
    loaded = Network.load(path)
    assert loaded.hash == network.hash
    assert loaded.logit_scale == network.logit_scale
    assert loaded.provenance == network.provenance
    for one, other in zip(loaded.layers, network.layers, strict=True):
        assert one.name == other.name
        assert (one.membrane_bits, one.reset) == (other.membrane_bits, other.reset)
        for array in ("threshold", "floor", "initial_logits"):
            np.testing.assert_array_equal(getattr(one, array), getattr(other, array))
        for edge, same in zip(one.edges, other.edges, strict=True):
            assert edge.source == same.source
            assert edge.geometry == same.geometry
            assert edge.weight_bits == same.weight_bits
            assert edge.weight.dtype == same.weight.dtype
            np.testing.assert_array_equal(edge.weight, same.weight)
    assert len(loaded.joins) == shortcuts


def test_hash_depends_on_content():
    network = small_network()
    assert network.hash == small_network().hash
    (edge,) = network.layers[0].edges
    weight = edge.weight.copy()
    weight[0, 0, 0, 0] ^= 1
    changed = replace(network.layers[0], edges=(replace(edge, weight=weight),))
    assert replace(network, layers=(changed, *network.layers[1:])).hash != network.hash
    assert replace(network, logit_scale=0.5).hash != network.hash


def test_hash_covers_the_shortcut():
    network = small_network(RESIDUAL_SPECS)
    a, b, c, d = network.layers
    first, edge = c.edges
    weight = np.zeros_like(edge.weight)
    changes = [(), (replace(edge, weight_bits=4),), (replace(edge, weight=weight),)]
    networks = [
        replace(network, layers=(a, b, replace(c, edges=(first, *rest)), d)) for rest in changes
    ]
    assert len({network.hash, *(other.hash for other in networks)}) == 4
    assert "shortcut" not in json.dumps(networks[0]._description())


HEADER = [("format_version",), ("hash",), ("layers",), ("logit_scale",), ("provenance",)]
HEADER += [("provenance", name) for name in ("dataset", "method", "seed", "accuracies")]
HEADER += [("layers", 0, name) for name in ("name", "weight_bits", "membrane_bits", "geometry")]
GEOMETRY = ["kind", "input_shape", "output_shape", "kernel", "stride", "padding", "pool", "groups"]
HEADER += [("layers", 0, "geometry", name) for name in GEOMETRY]
SHORTCUT = [("layers", 2, "shortcut", name) for name in ("source", "weight_bits", "geometry")]
SHORTCUT += [("layers", 2, "shortcut", "geometry", name) for name in GEOMETRY]


def field(text, place):
    for step in place[:-1]:
        text = text[step]
    return text


@pytest.mark.parametrize("place", HEADER + SHORTCUT, ids=lambda place: ".".join(map(str, place)))
def test_missing_field(path, place):
    text, tensors = parts(small_network(RESIDUAL_SPECS))
    del field(text, place)[place[-1]]
    refused(path, text, tensors, place[-1])


@pytest.mark.parametrize("place", HEADER + SHORTCUT, ids=lambda place: ".".join(map(str, place)))
@pytest.mark.parametrize("value", [None, True, {"a": 1}, [[]], -0.5, "?"], ids=repr)
def test_field_of_wrong_type_or_value(path, place, value):
    if (place[-1], value) in (("dataset", "?"), ("method", "?")):
        return
    text, tensors = parts(small_network(RESIDUAL_SPECS))
    field(text, place)[place[-1]] = value
    refused(path, text, tensors, "a" if place[-1] == "name" and value == "?" else place[-1])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("format_version",), 0),
        (("format_version",), 2),
        (("format_version",), 3),
        (("format_version",), 1.0),
        (("hash",), "0" * 64),
        (("logit_scale",), 0.0),
        (("logit_scale",), float("nan")),
        (("logit_scale",), float("inf")),
        (("logit_scale",), 1),
        (("provenance", "dataset"), "other"),
        (("provenance", "seed"), 4),
        (("provenance", "accuracies"), {"float": 2.0}),
        (("provenance", "accuracies"), {"float": "0.5"}),
        (("layers", 0, "weight_bits"), 1),
        (("layers", 0, "weight_bits"), 3),
        (("layers", 0, "weight_bits"), 5),
        (("layers", 0, "weight_bits"), 9),
        (("layers", 0, "membrane_bits"), 1),
        (("layers", 0, "membrane_bits"), 3),
        (("layers", 0, "membrane_bits"), 25),
        (("layers", 2, "membrane_bits"), 31),
        (("layers", 0, "geometry", "input_shape"), [1, 5, 5]),
        (("layers", 1, "geometry", "input_shape"), [2, 2, 3]),
        (("layers", 0, "geometry", "stride"), 10**30),
        (("layers", 1, "geometry", "kind"), "readout"),
    ],
)
def test_field_out_of_range(path, place, value):
    text, tensors = parts(small_network())
    field(text, place)[place[-1]] = value
    refused(path, text, tensors)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("source",), "b", "layers[2].shortcut.source = 'b': expected one of ['a']"),
        (("weight_bits",), 4, "hash"),
        (("weight_bits",), 9, "shortcut from 'a': weight: expected int16"),
        (("weight_bits",), 17, "shortcut from 'a': weight_bits = 17"),
        (("geometry", "kind"), "linear", "shortcut.geometry: kernel"),
        (("geometry", "groups"), 1, "shortcut from 'a': weight: expected int8 (2, 2, 1, 1)"),
        (("geometry", "input_shape"), [2, 3, 4], "layers[2].shortcut.input_shape"),
        (("geometry", "output_shape"), [2, 3, 2], "layer 'c': shortcut.output_shape"),
        (("geometry", "padding"), 1, "hash"),
        (("geometry", "padding"), [0, 1], "format_version = 1: expected 2"),
    ],
)
def test_shortcut_out_of_range(path, place, value, message):
    text, tensors = parts(small_network(RESIDUAL_SPECS))
    field(text, ("layers", 2, "shortcut", *place))[place[-1]] = value
    refused(path, text, tensors, message)


def test_shortcut_of_another_form(path):
    text, tensors = parts(small_network(RESIDUAL_SPECS))
    entry = text["layers"][2].pop("shortcut")
    refused(path, text, tensors, "c.shortcut", "belong to no layer")
    for value in (None, 1, [entry], {**entry, "x": 1}):
        text["layers"][2]["shortcut"] = value
        refused(path, text, tensors, "layers[2].shortcut")


def test_unknown_fields_are_refused(path):
    for place in [("x",), ("provenance", "x"), ("layers", 0, "x"), ("layers", 0, "geometry", "x")]:
        text, tensors = parts(small_network())
        field(text, place)["x"] = 1
        refused(path, text, tensors, "'x'")


@pytest.mark.parametrize("text", ["", "{", "[]", "1" * 5000, "[" * 100000], ids=range(5))
def test_header_that_is_no_object(path, text):
    refused(path, text, {"a.weight": np.zeros(1, np.int8)}, "tickless")


def test_file_without_header_entry(path):
    save_file({"a.weight": np.zeros(1, np.int8)}, path)
    with pytest.raises(NetworkError, match=r"small\.safetensors: no 'tickless' entry"):
        Network.load(path)


TENSORS = [f"{layer}.{name}" for layer in "abcd" for name in ("weight", "threshold", "floor")]


@pytest.mark.parametrize("name", [*TENSORS, "c.shortcut"])
def test_damaged_tensor(path, name):
    text, tensors = parts(small_network(RESIDUAL_SPECS))
    array = tensors.pop(name)
    refused(path, text, tensors, name)
    refused(path, text, {**tensors, name + "s": array}, name)
    refused(path, text, {**tensors, name: array, "extra": array}, "extra")
    # the messages read: layer 'a': weight[0, 0] ...
    layer, part = name.split(".")
    where = (f"layer '{layer}'", part)
    if part == "shortcut":
        where = ("shortcut from 'a'", "weight")
    for dtype in (np.uint8, np.int16, np.int64, np.float16, np.float32, np.bool_):
        refused(path, text, {**tensors, name: array.astype(dtype)}, *where)
    refused(path, text, {**tensors, name: array[None]}, *where)
    refused(path, text, {**tensors, name: np.append(array, array.dtype.type(1))}, *where)
    if array.size:
        limits = {
            "weight": (-9, 8),
            "threshold": (0, 33),
            "floor": (0, -33),
            "shortcut": (-5, 4),
        }[part]
        for value in limits:
            bad = array.copy()
            bad.flat[-1] = value
            refused(path, text, {**tensors, name: bad}, *where)
        changed = array.copy()
        changed.flat[0] += -1 if array.flat[0] > 0 else (-1 if part == "floor" else 1)
        refused(path, text, {**tensors, name: changed}, "hash")


def test_truncated_file(path, tmp_path):
    small_network(RESIDUAL_SPECS).save(path)
    content = path.read_bytes()
    short = tmp_path / "short.safetensors"
    for length in range(0, len(content), 7):
        short.write_bytes(content[:length])
        with pytest.raises(NetworkError, match=r"short\.safetensors"):
            Network.load(short)


def test_flipped_bytes(path, tmp_path):
    network = small_network(RESIDUAL_SPECS)
    network.save(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    other = tmp_path / "other.safetensors"
    for offset in range(len(content)):
        damaged = bytearray(content)
        damaged[offset] ^= int(rng.integers(1, 256))
        other.write_bytes(damaged)
        try:
            loaded = Network.load(other)
        except NetworkError as error:
            named = str(other) in str(error)
        else:
            # One white space for another, or 5E-1 for 0.5: the file still says the same.
            named = loaded.hash == network.hash
        assert named, f"byte {offset}"


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(NetworkError, match=tmp_path.name):
            Network.load(path)


NEW_SPECS = [
    LayerSpec("conv2d", 2, kernel=(2, 1), stride=(1, 2), padding=(1, 0)),
    LayerSpec("conv2d", 2, kernel=2, padding=(1, 1), dilation=2),
    LayerSpec("conv2d", 2, kernel=1, shortcut=ShortcutSpec(0, kernel=1, groups=2)),
    LayerSpec("readout", 2),
]


def new_network() -> Network:
    """Network with everything that version 2 of the format added."""
    network = small_network(NEW_SPECS)
    a, b, c, d = network.layers
    first, direct = c.edges
    wide = replace(direct, weight_bits=16, weight=direct.weight.astype(np.int16) * 12345)
    c = replace(c, edges=(first, wide), membrane_bits=17, reset="zero")
    return replace(network, layers=(a, b, c, d))


def test_what_version_2_added_is_read_back(path):
    network = new_network()
    network.save(path)
    loaded = Network.load(path)
    assert (loaded.hash, loaded.format_version) == (network.hash, 2)
    assert [layer.reset for layer in loaded.layers] == ["subtract", "subtract", "zero", "subtract"]
    direct = loaded.layers[2].edges[1]
    assert (direct.weight.dtype, direct.weight.max(), direct.weight_bits) == (np.int16, 12345, 16)
    geometry = loaded.layers[0].edges[0].geometry
    assert (geometry.kernel, geometry.stride, geometry.padding) == ((2, 1), (1, 2), (1, 0))
    assert loaded.layers[1].edges[0].geometry.dilation == (2, 2)


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ({}, 1),
        ({"stride": (2, 2), "padding": (1, 1), "dilation": (1, 1)}, 1),
        ({"kernel": (2, 1)}, 2),
        ({"stride": (2, 1)}, 2),
        ({"padding": (0, 1)}, 2),
        ({"dilation": 2}, 2),
    ],
)
def test_a_network_is_written_in_the_first_version_that_holds_it(options, version):
    specs = [
        LayerSpec("conv2d", **{"channels": 2, "kernel": 2, **options}),
        LayerSpec("linear", 1),
        LayerSpec("readout", 2),
    ]
    # A linear layer's kernel is its input, square or not.
    for sensor in ((1, 4, 4), (1, 3, 5)):
        assert small_network(specs, sensor)._description()["format_version"] == version


def test_reset_to_zero_and_wide_weights_need_version_2_and_change_the_hash():
    network = small_network(RESIDUAL_SPECS)
    a, b, c, d = network.layers
    first, direct = c.edges
    wide = replace(direct, weight=direct.weight.astype(np.int16), weight_bits=9)
    for changed in (replace(c, reset="zero"), replace(c, edges=(first, wide))):
        other = replace(network, layers=(a, b, changed, d))
        assert (network.format_version, other.format_version) == (1, 2)
        assert network.hash != other.hash


@pytest.mark.parametrize(
    "place",
    [
        ("layers", 2, "reset"),
        ("layers", 0, "geometry", "stride"),
        ("layers", 0, "geometry", "padding"),
        ("layers", 1, "geometry", "dilation"),
    ],
    ids=lambda place: place[-1],
)
@pytest.mark.parametrize(
    "value",
    [None, True, {"a": 1}, [], [[]], [1], [1, 2, 3], [1.0, 2], [-1, 1], -1, "?", 10**30],
    ids=repr,
)
def test_damaged_field_of_version_2(path, place, value):
    text, tensors = parts(new_network())
    field(text, place)[place[-1]] = value
    if value == 10**30 and place[-1] != "reset":
        refused(path, text, tensors)  # too large for another field
    else:
        refused(path, text, tensors, place[-1])


def test_missing_field_of_version_2(path):
    text, tensors = parts(new_network())
    del text["layers"][2]["reset"]
    refused(path, text, tensors, "hash")
    text, tensors = parts(new_network())
    text["format_version"] = 1
    refused(path, text, tensors, "format_version = 1: expected 2")


@pytest.mark.parametrize("reset", ["Zero", "", None, 0, ["zero"]])
def test_a_layer_resets_by_subtraction_or_to_zero(reset):
    network = small_network()
    with pytest.raises(NetworkError, match=re.escape(f"layer 'a': reset = {reset!r}: expected")):
        replace(network.layers[0], reset=reset)
    with pytest.raises(NetworkError, match="layer 'c': reset = 'zero'"):
        replace(network.layers[-1], reset="zero")


def test_only_a_shortcut_has_wide_weights():
    first, direct = small_network(RESIDUAL_SPECS).layers[2].edges
    with pytest.raises(NetworkError, match=r"weight_bits = 9: expected an integer in 2\.\.8"):
        replace(first, weight=first.weight.astype(np.int16), weight_bits=9)
    wide = direct.weight.astype(np.int16)
    for bits, limit in ((9, 256), (16, 1 << 15)):
        wide[0] = -limit
        assert replace(direct, weight=wide.copy(), weight_bits=bits).weight.dtype == np.int16
    with pytest.raises(NetworkError, match=r"shortcut from 'a': weight\[0, 0, 0, 0\] = -32768"):
        replace(direct, weight=wide.copy(), weight_bits=15)
    with pytest.raises(NetworkError, match="shortcut from 'a': weight: expected int8"):
        replace(direct, weight=wide.copy(), weight_bits=8)


def test_layers_must_fit_together():
    network = small_network()
    a, b, c = network.layers
    for layers, message in [
        ((), "at least a readout"),
        ((a, b), "one readout"),
        ((c, c), "one readout"),
        ((a, c), "input_shape"),
        ((replace(a, name=""), b, c), "unique name"),
        ((a, replace(b, name="a"), c), "unique name"),
    ]:
        with pytest.raises(NetworkError, match=message):
            replace(network, layers=layers)


def test_shortcuts_must_fit_into_the_chain():
    specs = [LayerSpec("conv2d", 1, kernel=1) for _ in range(6)]
    network = small_network([*specs, LayerSpec("readout", 2)])
    layers = network.layers
    shape = layers[0].output_shape
    one = np.ones((1, 1, 1, 1), np.int8)

    def joined(*spans, shape=shape):
        geometry = Geometry("conv2d", shape, (1, 4, 4), (1, 1))
        changed = list(layers)
        for source, join in spans:
            index = "abcdefg".index(join)
            edge = Edge(geometry, one, 3, source)
            changed[index] = replace(changed[index], edges=(changed[index].edges[0], edge))
        return replace(network, layers=tuple(changed))

    assert joined("ac", "ce").joins == {0: 2, 2: 4}
    assert joined("bf").joins == {1: 5}
    for spans, message in [
        (["ab"], r"layers\[1\].shortcut.source = 'a': expected one of \[\]"),
        (["aa"], r"source = 'a': expected one of \[\]"),
        (["bc"], r"source = 'b': expected one of \['a'\]"),
        (["gc"], "source = 'g'"),
        (["?c"], "source = '\\?'"),
        (["ad", "ce"], r"layers\[4\].shortcut.source = 'c': expected one of \[\]"),
        (["ad", "af"], r"source = 'a': expected one of \['d'\]"),
        (["bd", "af"], "source = 'a'"),
        (["ag"], "no shortcut into a readout"),
    ]:
        with pytest.raises(NetworkError, match=message):
            joined(*spans)
    with pytest.raises(NetworkError, match=r"input_shape = \(1, 5, 4\): expected \(1, 4, 4\)"):
        joined("ac", shape=(1, 5, 4))
    linear = Geometry("linear", (1, 4, 4), (1, 1, 1), (4, 4))
    with pytest.raises(NetworkError, match="shortcut from 'a': kind = 'linear'"):
        Edge(linear, np.ones(linear.weight_shape, np.int8), 3, "a")


def test_a_layer_has_the_edge_from_the_layer_before_and_at_most_one_shortcut():
    layer = small_network(RESIDUAL_SPECS).layers[2]
    first, shortcut = layer.edges
    for edges, sources in [
        ((), "[]"),
        ((shortcut,), "['a']"),
        ((shortcut, first), "['a', None]"),
        ((first, first), "[None, None]"),
        ((first, shortcut, shortcut), "[None, 'a', 'a']"),
    ]:
        with pytest.raises(NetworkError, match=re.escape(f"layer 'c': edges from {sources}")):
            replace(layer, edges=edges)


def begun(network: Network, *logits: int) -> Network:
    """The same network, its logits beginning at these."""
    *layers, readout = network.layers
    initial = np.array(logits, np.int32)
    return replace(network, layers=(*layers, replace(readout, initial_logits=initial)))


def test_initial_logits_need_version_3_and_are_read_back(path):
    network = small_network()
    assert network.initial_logits.tolist() == [0, 0]
    other = begun(network, 2**31 - 1, -(2**31))
    assert (network.format_version, other.format_version) == (1, 3)
    assert len({network.hash, other.hash, begun(network, 0, 1).hash}) == 3
    other.save(path)
    loaded = Network.load(path)
    assert loaded.hash == other.hash
    assert loaded.initial_logits.tolist() == [2**31 - 1, -(2**31)]


def test_damaged_initial_logits(path):
    text, tensors = parts(begun(small_network(), 3, -4))
    name = "c.initial_logits"
    good = tensors[name]
    for bad in (good.astype(np.int64), good[:1], good.reshape(1, 2), good.astype(np.float32)):
        refused(path, text, {**tensors, name: bad}, "layer 'c': initial_logits: expected int32")
    refused(path, text, {**tensors, name: good + 1}, "hash")
    del tensors[name]
    refused(path, text, tensors, "format_version = 3: expected 1")
    refused(path, text, {**tensors, "b.initial_logits": good}, "layer 'b': initial_logits")


def test_only_a_readout_has_initial_logits():
    spiking, *_, readout = small_network().layers
    logits = np.array([1, 2], np.int32)
    assert replace(readout, initial_logits=logits).initial_logits.tolist() == [1, 2]
    with pytest.raises(NetworkError, match=r"layer 'a': initial_logits: expected int32 \(0,\)"):
        replace(spiking, initial_logits=logits)
    with pytest.raises(NetworkError, match=r"initial_logits: expected int32 \(2,\), got int32 \(1"):
        replace(readout, initial_logits=logits[:1])
    with pytest.raises(NetworkError, match=r"initial_logits: expected int32 .*, got list"):
        replace(readout, initial_logits=[1, 2])  # pyright: ignore[reportArgumentType]


def test_arrays_are_read_only():
    layer = small_network(RESIDUAL_SPECS).layers[2]
    initial = begun(small_network(), 1, 2).layers[-1].initial_logits
    weights = (edge.weight for edge in layer.edges)
    for array in (*weights, layer.threshold, layer.floor, initial):
        with pytest.raises(ValueError, match="read-only"):
            array.flat[0] = 0
    assert copy.copy(layer).edges[0].weight is layer.edges[0].weight
