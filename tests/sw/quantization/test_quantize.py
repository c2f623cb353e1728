import copy

import numpy as np
import pytest
import torch

from tickless.sw.data.catalog import load
from tickless.sw.integer.engine import run
from tickless.sw.integer.network import Network, NetworkError
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.quantization.quantize import quantize
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.batch_norms import fuse_norms
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire

pytestmark = pytest.mark.filterwarnings(
    "ignore::tickless.sw.quantization.diagnosis.QuantizationWarning"  # of few bits; see its tests
)


def model(specs, sensor=(1, 4, 4), floor=-1.0, weights=None, seed=0):
    torch.manual_seed(seed)
    made = SpikingNetwork(sensor, specs, IntegrateAndFire(floor), normalize=False)
    for parameter, values in zip(made.weights, weights or (), strict=False):
        parameter.data = torch.as_tensor(values, dtype=torch.float32).reshape(parameter.shape)
    return made


def point(*weights, floor=-1.0, pool=1):
    """One input channel, one spiking unit per weight, two classes."""
    specs = [LayerSpec("linear", len(weights), pool=pool), LayerSpec("readout", 2)]
    return model(specs, (1, pool, pool), floor, [weights, np.eye(2, len(weights))])


def events(count):
    return np.zeros((count, 3), np.int32)


def test_hand_made_spikes():
    network = quantize(point(0.5, 0.25), 8)
    layer = network.layers[0]
    assert layer.edges[0].weight.ravel().tolist() == [64, 32]
    assert layer.threshold.tolist() == [128, 128]
    trace = run(network, events(4))
    assert [spike[0] for spike in trace.layers[0].spikes.tolist()] == [0, 0, 1]


def test_scale_of_a_channel_does_not_matter():
    specs = [LayerSpec("conv2d", 3, 3, padding=1), LayerSpec("readout", 4)]
    first = model(specs, (2, 6, 6))
    second = model(specs, (2, 6, 6), weights=[w.detach() for w in first.weights])
    a, b = quantize(first, 8, 10**5), quantize(second, 8, 10**5)
    assert a.hash == b.hash
    # Scaling weights scales the threshold the other way: the integer weights stay.
    with torch.no_grad():
        second.weights[0] *= torch.tensor([1.0, 0.25, 0.5])[:, None, None, None]
    c = quantize(second, 8, 10**5)
    assert np.array_equal(a.layers[0].edges[0].weight, c.layers[0].edges[0].weight)
    expected = a.layers[0].threshold * np.array([1, 4, 2])
    assert np.abs(c.layers[0].threshold - expected).max() <= 4


@pytest.mark.parametrize("bits", range(2, 9))
def test_widths(bits):
    specs = [LayerSpec("conv2d", 4, 3, 2, 1), LayerSpec("linear", 6), LayerSpec("readout", 3)]
    source = model(specs, (2, 8, 8), floor=-1.5)
    network = quantize(source, bits)
    half = 1 << (bits - 1)
    for layer, weight in zip(network.layers, source.weights, strict=True):
        assert layer.edges[0].weight_bits == bits
        assert np.abs(layer.edges[0].weight).max() <= half - 1
        scale = layer.edges[0].weight.astype(float) / weight.detach().numpy()
        assert np.nanmax(scale) > 0
    for layer in network.layers[:-1]:
        extent = max(layer.threshold.max(), -layer.floor.min())
        assert extent <= 1 << (layer.membrane_bits - 1)
        assert layer.membrane_bits == 2 or extent > 1 << (layer.membrane_bits - 2)
        assert layer.membrane_bits <= 9
        assert np.array_equal(layer.floor, np.rint(-1.5 * layer.threshold))


def test_resolution_limits_thresholds():
    layer = quantize(point(0.001, 0.5, 2.0, floor=-2.0), 8, 100).layers[0]
    assert layer.edges[0].weight.ravel().tolist() == [0, 50, 127]
    assert layer.threshold.tolist() == [100, 100, 64]
    assert layer.floor.tolist() == [-200, -200, -128]
    assert layer.membrane_bits == 9
    wide = quantize(point(0.001, 0.5, 2.0, floor=-2.0), 8, 10**6).layers[0]
    assert wide.edges[0].weight.ravel().tolist() == [127, 127, 127]
    assert wide.threshold.tolist() == [127_000, 254, 64]
    assert wide.membrane_bits == 19


def test_zero_channel():
    layer = quantize(point(0.0, 0.5), 8).layers[0]
    assert layer.edges[0].weight.ravel().tolist() == [0, 64]
    assert layer.threshold.tolist() == [128, 128]


def test_pooling_goes_into_thresholds_and_logit_scale():
    plain = quantize(point(0.5, 0.25))
    pooled = quantize(point(0.5, 0.25, pool=2))
    assert np.array_equal(plain.layers[0].edges[0].weight, pooled.layers[0].edges[0].weight)
    assert pooled.layers[0].threshold.tolist() == [4 * 128, 4 * 128]
    specs = [LayerSpec("readout", 2, pool=2)]
    source = model(specs, (1, 2, 2), weights=[[0.5, -1.0]])
    network = quantize(source)
    logits = run(network, events(3)).logits * network.logit_scale
    np.testing.assert_allclose(logits, [0.375, -0.75], rtol=0.01)


def test_batch_norms_are_fused_and_the_model_left_alone():
    specs = [LayerSpec("conv2d", 3, 3), LayerSpec("readout", 2)]
    source = SpikingNetwork((1, 5, 5), specs, IntegrateAndFire())
    shifted = SpikingNetwork((1, 5, 5), specs, IntegrateAndFire())
    torch.nn.init.ones_(shifted.norms[0].bias)  # pyright: ignore[reportArgumentType]
    with pytest.raises(NetworkError, match="shifts"):
        quantize(shifted)
    network = quantize(source)
    assert len(source.norms) == 1
    fuse_norms(source)
    assert quantize(source).hash == network.hash


def test_integer_spikes_follow_the_float_ones():
    specs = [LayerSpec("conv2d", 6, 3, 2, 1), LayerSpec("conv2d", 8, 3, 2, 1)]
    source = model([*specs, LayerSpec("readout", 10)], (2, 34, 34), -2.0, seed=1)
    network, engine = quantize(source), FloatEngine(source)
    for sample, _ in load("saccades", "test")[:3]:
        logits, spikes, sops = engine.run(sample.addresses)
        trace = run(network, sample.addresses)
        for mine, theirs in zip(trace.layers, spikes, strict=True):
            assert len(mine.spikes) == pytest.approx(len(theirs), rel=0.05)
        assert trace.sops == pytest.approx(sops, rel=0.05)
        correlation = np.corrcoef(trace.logits, logits)[0, 1]
        assert correlation > 0.97


WAYS = {
    "subtract": {},
    "zero": {"reset": "zero"},
    "strict": {"reset": "zero", "strict": True},
    "strict, subtract": {"strict": True},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bits", [8, 6, 5, 4, 3])
def test_a_network_with_rounded_weights_is_the_integer_network(bits, way):
    rng = np.random.default_rng(bits)
    specs = [
        LayerSpec("conv2d", 5, 3, padding=1, pool=2),
        LayerSpec("conv2d", 6, (3, 2), (1, 2), (0, 1), dilation=(2, 1)),
        LayerSpec("linear", 7, pool=2),
        LayerSpec("readout", 4),
    ]
    source = model(specs, (2, 16, 12), -1.5, seed=bits)
    source.neuron = IntegrateAndFire(-1.5, **WAYS[way])
    with torch.no_grad():
        for weight in source.weights:
            weight *= torch.rand(len(weight))[:, None, None, None] * 4
    source.quantization = Quantization(bits, 100)
    network, engine = quantize(source, bits, 100), FloatEngine(source)
    addresses = rng.integers(0, (2, 16, 12), (3000, 3)).astype(np.int32)
    logits, spikes, _ = engine.run(addresses)
    trace = run(network, addresses)
    for mine, theirs in zip(trace.layers, spikes, strict=True):
        assert np.array_equal(mine.spikes, theirs)
    assert np.array_equal(trace.logits, logits)
    assert all(len(layer.spikes) > 10 for layer in trace.layers)
    # In time steps it runs with the very same weights, thresholds and floors.
    for layer, weight, geometry in zip(
        network.layers[:-1], source.weights, source.geometries, strict=False
    ):
        imitated, floor = source.quantization.imitate(weight, geometry, -1.5)
        whole = layer.threshold - (way == "strict")
        unit = whole / geometry.pool**2
        stored = layer.edges[0].weight
        assert np.array_equal(np.rint(imitated.detach().numpy().T * unit).T, stored)
        assert np.array_equal(np.rint(floor.flatten().numpy() * whole), layer.floor)
        np.testing.assert_allclose(imitated.detach().numpy().T * unit, stored.T, atol=1e-4)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize(
    ("way", "spikes"),
    [
        # 0.75, 1.5: fires and leaves 0.5; 1.25: fires and leaves 0.25; 1 fires.
        ({}, [0, 1, 1, 1]),
        # ... leaves nothing: 0.75, 1.5 again.
        ({"reset": "zero"}, [0, 1, 0, 1]),
        ({"spikes": "one", "reset": "zero", "strict": True}, [0, 1, 0, 1]),
    ],
)
def test_spikes_of_each_reset(way, spikes, rounded):
    source = point(0.75)
    source.neuron = IntegrateAndFire(-1.0, **way)
    network = quantize(source, 8, 4)
    assert network.layers[0].reset == way.get("reset", "subtract")
    assert network.layers[1].reset == "subtract"
    source.quantization = Quantization(8, 4) if rounded else None
    for count in range(1, 5):
        assert len(run(network, events(count)).layers[0].spikes) == sum(spikes[:count])
        assert len(FloatEngine(source).run(events(count))[1][0]) == sum(spikes[:count])


@pytest.mark.parametrize("rounded", [False, True])
def test_neurons_that_fire_above_their_threshold_alone(rounded):
    source = point(0.5)
    source.neuron = IntegrateAndFire(-1.0, reset="zero", strict=True)
    network = quantize(source)
    assert network.layers[0].threshold.tolist() == [129]
    source.quantization = Quantization() if rounded else None
    for count, sent in ((2, 0), (3, 1)):
        assert len(run(network, events(count)).layers[0].spikes) == sent
        assert len(FloatEngine(source).run(events(count))[1][0]) == sent
    # One that subtracts cannot compare with another value than it subtracts.
    source.neuron = IntegrateAndFire(-1.0, strict=True)
    assert quantize(source).layers[0].threshold.tolist() == [128]
    assert len(FloatEngine(source).run(events(2))[1][0]) == 1


def test_a_network_with_rounded_weights_has_the_integers_ceiling():
    specs = [LayerSpec("linear", 1), LayerSpec("readout", 2)]
    source = model(specs, (2, 1, 1), weights=[[3.0, -0.5], [1.0, 0.0]])
    source.quantization = Quantization(8)
    layer = quantize(source).layers[0]
    assert layer.edges[0].weight.ravel().tolist() == [127, -21]
    assert (layer.threshold[0], layer.ceil) == (42, 63)
    # 127 fires and leaves 63 of 85; so does the next, 148; then 42 fires, and 0 does not.
    addresses = np.array([[channel, 0, 0] for channel in (0, 0, 1, 1, 1)], np.int32)
    assert len(run(quantize(source), addresses).layers[0].spikes) == 3
    assert len(FloatEngine(source).run(addresses)[1][0]) == 3
    source.quantization = None
    assert len(FloatEngine(source).run(addresses)[1][0]) == 4


def test_gradients_pass_the_rounding():
    source = model([LayerSpec("conv2d", 3, 3), LayerSpec("readout", 2)], (1, 5, 5))
    source.quantization = Quantization(3)
    frames = torch.rand(4, 2, 1, 5, 5) * 3
    source(frames)[0].square().sum().backward()
    gradients = [weight.grad for weight in source.weights]
    rounded = [
        source.quantization.imitate(weight, geometry, -1.0)[0].detach()
        for weight, geometry in zip(source.weights, source.geometries, strict=True)
    ]
    plain = model(source.specs, (1, 5, 5), weights=rounded)
    plain(frames)[0].square().sum().backward()
    for gradient, weight in zip(gradients, plain.weights, strict=True):
        assert gradient is not None
        assert gradient.any()
        torch.testing.assert_close(gradient, weight.grad)


def test_a_percentile_clips_what_is_above_it():
    # The 9 largest of 10 stay, of both channels together.
    weights = [0.5, 0.25, 0.25, -0.5, 0.5, 0.5, 0.25, -8.0, 0.25, 0.125]
    source = model([LayerSpec("linear", 2), LayerSpec("readout", 2)], (5, 1, 1), -1.0, [weights])
    layer = quantize(source, 8, clip=90).layers[0]
    assert layer.threshold.tolist() == [128, 128]
    stored = [[64, 32, 32, -64, 64], [64, 32, -127, 32, 16]]
    assert layer.edges[0].weight.reshape(2, 5).tolist() == stored


def test_a_percentile_clips_the_readout():
    source = model([LayerSpec("readout", 2)], (4, 1, 1), -1.0, [[1, -1, 0.5, 0, 9, 1, 1, 0.25]])
    network = quantize(source, 8, clip=90)
    assert network.layers[0].edges[0].weight.ravel().tolist() == [127, -127, 64, 0, *3 * [127], 32]
    assert network.logit_scale == pytest.approx(1 / 127)


def test_a_percentile_of_zero_clips_nothing():
    source = model(
        [LayerSpec("linear", 1), LayerSpec("readout", 2)], (5, 1, 1), -1.0, [[0] * 4 + [0.5]]
    )
    assert quantize(source, 8, clip=60).layers[0].edges[0].weight.ravel().tolist() == [*[0] * 4, 64]


@pytest.mark.parametrize("bits", [3, 4])
def test_the_scale_of_least_error(bits):
    source = model([LayerSpec("conv2d", 8, 3), LayerSpec("readout", 2)], (16, 8, 8), -1.0, seed=4)
    with torch.no_grad():
        source.weights[0].copy_(torch.randn(source.weights[0].shape) * 0.3)
    weight, geometry = source.weights[0].detach().double(), source.geometries[0]

    def errors(clip):
        levels = Quantization(bits, 10**6, clip).levels(weight, geometry, -1.0)
        return (levels.weight / levels.scale - weight).square().sum((1, 2, 3))

    assert (errors("mse") <= errors(None)).all()
    assert errors("mse").sum() < 0.95 * errors(None).sum()


@pytest.mark.parametrize("clip", ["mse", 95.0])
def test_a_network_trained_with_clipping_is_the_integer_network(clip):
    specs = [
        LayerSpec("conv2d", 4, 3, padding=1),
        LayerSpec("conv2d", 4, 3, padding=1),
        LayerSpec("conv2d", 4, 3, padding=1, shortcut=ShortcutSpec(0, 1)),
        LayerSpec("conv2d", 4, 3, padding=1),
        LayerSpec("conv2d", 4, 3, padding=1, shortcut=ShortcutSpec(2, 1, groups=4)),
        LayerSpec("readout", 3),
    ]
    source = model(specs, (2, 6, 6), -1.5, seed=2)
    with torch.no_grad():
        for weight in [*source.weights, *source.direct.values()]:
            weight.flatten()[1] = 6.0
    source.quantization = Quantization(4, 100, clip)
    network = quantize(source, 4, 100, clip=clip)
    addresses = np.random.default_rng(1).integers(0, (2, 6, 6), (1000, 3)).astype(np.int32)
    logits, spikes, _ = FloatEngine(source).run(addresses)
    trace = run(network, addresses)
    assert all(
        np.array_equal(mine.spikes, theirs)
        for mine, theirs in zip(trace.layers, spikes, strict=True)
    )
    assert np.array_equal(trace.logits, logits)
    assert min(len(layer.spikes) for layer in trace.layers) > 10


def test_round_trip_through_a_file(tmp_path):
    network = quantize(point(0.5, 0.25))
    network.save(tmp_path / "a.safetensors")
    assert Network.load(tmp_path / "a.safetensors").hash == network.hash


@pytest.mark.parametrize(
    ("bits", "resolution", "message"),
    [
        (1, 128, "weight_bits = 1: expected 2 to 8"),
        (9, 128, "weight_bits = 9: expected 2 to 8"),
        (8, 0, "resolution = 0: expected 1 to 8388608"),
        (8, (1 << 23) + 1, "resolution = 8388609: expected 1 to 8388608"),
        (8, 10**20, "resolution = 100000000000000000000: expected 1 to 8388608"),
    ],
)
def test_impossible_widths(bits, resolution, message):
    with pytest.raises(NetworkError, match=message):
        quantize(point(1e-7 if resolution > 1 else 0.5), bits, resolution)


@pytest.mark.parametrize("clip", ["max", 49, 100.0, True])
def test_impossible_clipping(clip):
    with pytest.raises(NetworkError, match=f"clip = {clip!r}: expected 'mse' or a percentile"):
        quantize(point(0.5), clip=clip)


def test_networks_that_are_no_hardware():
    specs = [LayerSpec("conv2d", 3, 3), LayerSpec("readout", 2)]
    leaky = SpikingNetwork((1, 5, 5), specs, LeakyIntegrateAndFire(), normalize=False)
    with pytest.raises(NetworkError, match="neuron = 'lif': expected 'if'"):
        quantize(leaky)
    endless = SpikingNetwork((1, 5, 5), specs, IntegrateAndFire(-np.inf), normalize=False)
    with pytest.raises(NetworkError, match="floor = -inf: expected a finite number"):
        quantize(endless)
    conv = LayerSpec("conv2d", 2, 1)
    joined = [LayerSpec("conv2d", 2, 1, shortcut=ShortcutSpec(i, kernel=1)) for i in (0, 1)]
    with pytest.raises(NetworkError, match="no part of another shortcut"):
        quantize(model([conv, conv, *joined, specs[1]]))


def residual(seed, shortcut, pool=1):
    """A convolution, two more, and a shortcut past the second."""
    specs = [
        LayerSpec("conv2d", 4, 3, padding=1),
        LayerSpec("conv2d", 5, 3, padding=1, pool=pool),
        LayerSpec("conv2d", 4, 3, padding=1, shortcut=shortcut),
        LayerSpec("readout", 3),
    ]
    return model(specs, (2, 9, 8), -2.0, seed=seed)


@pytest.mark.parametrize("bits", [3, 8])
@pytest.mark.parametrize(
    "shortcut",
    [
        ShortcutSpec(0, 1, groups=4),
        ShortcutSpec(0, 1),
        ShortcutSpec(0, 3, padding=1, groups=2),
        ShortcutSpec(0, 3, padding=1, pool=2),
    ],
)
def test_both_edges_of_a_join_have_one_scale(bits, shortcut):
    source = residual(bits, shortcut, shortcut.pool)
    with torch.no_grad():
        source.weights[2] *= 0.3
    source.quantization = Quantization(bits)
    network, engine = quantize(source, bits), FloatEngine(source)
    chain, direct = network.layers[2].edges
    assert (chain.source, direct.source) == (None, "conv2d1")
    # Thresholds are weight units: each edge's integers are its real weights in them.
    unit = network.layers[2].threshold[:, None, None, None]
    for edge, real in ((chain, source.weights[2]), (direct, source.direct["2"])):
        exact = real.detach().numpy() * unit / edge.geometry.pool**2
        assert np.abs(edge.weight - exact).max() <= 0.5 + np.abs(exact / unit).max()
    assert chain.weight_bits == bits
    assert direct.weight_bits == bits or shortcut.groups == 4
    # The float engine runs the same integers, and time steps the same real numbers.
    addresses = np.random.default_rng(bits).integers(0, (2, 9, 8), (2000, 3)).astype(np.int32)
    logits, spikes, sops = engine.run(addresses)
    trace = run(network, addresses)
    for mine, theirs in zip(trace.layers, spikes, strict=True):
        assert np.array_equal(mine.spikes, theirs)
        assert len(theirs) > 10
    assert np.array_equal(trace.logits, logits)
    assert trace.sops == sops
    frames = torch.rand(3, 2, 2, 9, 8) * 3
    plain = copy.deepcopy(source)
    plain.quantization = None
    with torch.no_grad():
        for edge, weight in ((chain, plain.weights[2]), (direct, plain.direct["2"])):
            weight[:] = torch.from_numpy(edge.weight * edge.geometry.pool**2 / unit)
        for index in (0, 1, 3):
            plain.weights[index].copy_(source.parameters_of(index)[0])
    torch.testing.assert_close(source(frames)[0], plain(frames)[0])


def test_an_identity_beside_small_weights_is_wide_and_leaves_them_their_bits():
    source = residual(0, ShortcutSpec(0, 1, groups=4))
    with torch.no_grad():
        source.weights[2] /= source.weights[2].abs().amax((1, 2, 3), keepdim=True) * 50
    chain, direct = quantize(source, 8, 10**4).layers[2].edges
    assert np.abs(chain.weight).max() == 127
    assert direct.weight.ravel().tolist() == [127 * 50] * 4
    assert (direct.weight_bits, direct.weight.dtype) == (14, np.int16)
    # More than 16 bits there are not: the other weights get fewer.
    with torch.no_grad():
        source.weights[2] /= 40
    chain, direct = quantize(source, 8, 10**6).layers[2].edges
    assert direct.weight.max() == 32767
    assert 0 < np.abs(chain.weight).max() < 127


def test_a_shortcut_that_mixes_channels_has_the_layers_bits():
    source = residual(0, ShortcutSpec(0, 1))
    with torch.no_grad():
        source.direct["2"][:] = 1.0
        source.weights[2] /= source.weights[2].abs().amax((1, 2, 3), keepdim=True) * 10
    chain, direct = quantize(source, 6).layers[2].edges
    assert direct.weight_bits == chain.weight_bits == 6
    assert direct.weight.max() == 31
    assert np.abs(chain.weight).max() == 3


def test_impossible_weights():
    with pytest.raises(NetworkError, match="layer 'linear1': expected finite weights"):
        quantize(point(float("nan")))
    with pytest.raises(NetworkError, match=r"layer 'linear1': channel 1 has a weight of 300 thr"):
        quantize(point(0.5, 300.0))
    source = residual(0, ShortcutSpec(0, 1))
    with torch.no_grad():
        source.direct["2"][1, 0] = 400.0
    with pytest.raises(NetworkError, match="channel 1 has a weight of 400 thresholds"):
        quantize(source)
    with torch.no_grad():
        source.direct["2"][1, 0] = float("inf")
    with pytest.raises(NetworkError, match="layer 'conv2d3': expected finite weights"):
        quantize(source)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_reset_to_zero_and_a_strict_comparison_are_exact(strict, rounded):
    # 0.5 and 1: at the threshold after two events, or one.
    source = point(0.5, 1.0)
    source.neuron = IntegrateAndFire(reset="zero", strict=strict)
    layer = quantize(source).layers[0]
    assert (layer.reset, layer.threshold.tolist()) == ("zero", [128 + strict, 127 + strict])
    assert layer.floor.tolist() == [-128, -127]
    assert layer.membrane_bits == 8 + strict
    source.quantization = Quantization() if rounded else None
    for sent in (
        run(quantize(source), events(6)).layers[0].spikes,
        *FloatEngine(source).run(events(6))[1],
    ):
        fired = np.bincount(sent[:, 0], minlength=2).tolist()
        assert fired == ([2, 3] if strict else [3, 6])


def test_a_strict_neuron_that_subtracts_keeps_its_threshold():
    source = point(0.5, 1.0)
    source.neuron = IntegrateAndFire(strict=True)
    plain = quantize(point(0.5, 1.0))
    assert quantize(source).hash == plain.hash
