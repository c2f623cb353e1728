import dataclasses
import re
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn

from tickless.errors import InputError
from tickless.sw.integer.engine import run
from tickless.sw.nir.importing import from_torch
from tickless.sw.nir.reading import GraphError
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire

SENSOR = (2, 8, 9)


def neuron(name, **fields):
    """Module of a framework's class, as far as it is looked at."""
    module = type(name, (nn.Module,), {})()
    for key, value in fields.items():
        setattr(module, key, value)
    return module


def iaf(low=None, spikes="MultiSpike", reset="MembraneSubtract", threshold=1.0):
    return neuron(
        "IAFSqueeze",
        spike_threshold=torch.tensor(threshold),
        spike_fn=type(spikes, (), {}),
        reset_fn=type(reset, (), {"subtract_value": None, "reset_value": 0.0})(),
        min_v_mem=None if low is None else torch.tensor(low),
    )


def leaky(beta=1.0, reset="subtract"):
    return neuron(
        "Leaky", beta=torch.tensor(beta), threshold=torch.tensor(2.0), reset_mechanism=reset,
        inhibition=False, reset_delay=True,
    )  # fmt: skip


def jelly(v_reset: float | None = 0.0):
    return neuron("IFNode", v_threshold=1.0, v_reset=v_reset)


def jelly_leaky(tau=4.0, decay_input=True, v_reset: float | None = 0.0):
    return neuron("LIFNode", v_threshold=1.0, v_reset=v_reset, tau=tau, decay_input=decay_input)


def box(v_leak=0.0, reset_method="reset_value"):
    p = SimpleNamespace(
        v_th=torch.tensor(0.5), v_reset=torch.tensor(0.0), v_leak=torch.tensor(v_leak),
        tau_mem_inv=torch.tensor(125.0), reset_method=type(reset_method, (), {}),
    )  # fmt: skip
    return neuron("LIFBoxCell", p=p, dt=0.001)


def lif(norm_input=True):
    """sinabs' leaky neurons."""
    module = iaf(reset="MembraneReset", spikes="SingleSpike")
    alpha = torch.tensor(0.75)
    fields = {**vars(module), "alpha_mem_calculated": alpha, "norm_input": norm_input}
    return neuron("LIFSqueeze", **fields)


def norse():
    p = SimpleNamespace(v_th=torch.tensor(0.5), v_reset=torch.tensor(0.0))
    return neuron("IAFCell", p=p)


def layers(fire, *, bias=False) -> Any:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=bias),
        fire(),
        nn.AvgPool2d(2),
        nn.Sequential(nn.Conv2d(4, 6, (1, 3), stride=(1, 2), bias=bias), fire(), nn.Dropout(0.3)),
        nn.Flatten(),
        nn.Linear(24, 5, bias=bias),
    )


@pytest.mark.parametrize(
    ("fire", "reset", "strict", "threshold"),
    [
        (iaf, "subtract", False, 1.0),
        (leaky, "subtract", True, 2.0),
        (lambda: leaky(reset="zero"), "zero", True, 2.0),
        (jelly, "zero", False, 1.0),
        (lambda: jelly(None), "subtract", False, 1.0),
        (norse, "zero", True, 0.5),
        (lambda: IntegrateAndFire(-3.0), "subtract", False, 1.0),
    ],
)
def test_chains_of_modules(fire, reset, strict, threshold):
    modules = layers(fire) if isinstance(fire(), nn.Module) else None
    if modules is None:
        parts = list(layers(nn.Identity))
        modules = [*parts[:1], fire(), parts[2], [parts[3][0], fire()], *parts[4:]]
        convolutions = [parts[0], parts[3][0], parts[5]]
    else:
        convolutions = [modules[0], modules[3][0], modules[5]]
    imported = from_torch(modules, SENSOR)
    model: Any = imported.checkpoint.model
    network = imported.network
    assert (model.neuron.reset, model.neuron.strict) == (reset, strict)
    assert {layer.reset for layer in network.layers[:-1]} == {reset}
    assert [layer.kind for layer in network.layers] == ["conv2d", "conv2d", "readout"]
    for index, module in enumerate(convolutions):
        unit = threshold if index < 2 else 1.0
        expected = module.weight.detach().reshape(model.weights[index].shape) / unit
        torch.testing.assert_close(model.weights[index].detach(), expected)
    assert model.neuron.floor == (-3.0 if isinstance(fire(), IntegrateAndFire) else -8.0)


def test_a_chain_is_the_network_that_it_describes():
    source = SpikingNetwork(
        SENSOR,
        from_torch(layers(iaf), SENSOR).checkpoint.model.specs,
        IntegrateAndFire(-2.0),
        normalize=False,
    )
    modules = layers(lambda: iaf(-2.0))
    for weight, module in zip(source.weights, (modules[0], modules[3][0], modules[5]), strict=True):
        module.weight.data *= 4
        weight.data = module.weight.detach().reshape(weight.shape)
    model: Any = from_torch(modules, SENSOR).checkpoint.model
    assert model.neuron.floor == -2.0
    events = np.random.default_rng(0).integers(0, SENSOR, (400, 3)).astype(np.int32)
    mine, theirs = FloatEngine(model).run(events), FloatEngine(source).run(events)
    assert len(mine[1][1]) > 10
    assert np.array_equal(mine[0], theirs[0])


def norm(channels, shift=0.0):
    made: Any = nn.BatchNorm2d(channels)
    made.running_var.uniform_(0.5, 2.0)
    made.weight.data.uniform_(0.5, 2.0)
    made.bias.data.fill_(shift)
    return made


def test_batch_norms_are_folded_where_they_do_not_shift():
    torch.manual_seed(1)
    convolution, behind = nn.Conv2d(2, 4, 3, bias=False), norm(4)
    model = from_torch(nn.Sequential(convolution, behind, iaf()), SENSOR).checkpoint.model
    frames = torch.rand(1, *SENSOR)
    expected = behind.eval()(convolution(frames))
    found = nn.functional.conv2d(frames, model.weights[0])
    torch.testing.assert_close(found, expected)
    shifted = nn.Sequential(convolution, norm(4, 0.25), iaf())
    with pytest.raises(GraphError, match=r"module '1' \(BatchNorm2d\): shifts by up to 0.25"):
        from_torch(shifted, SENSOR)
    assert from_torch(shifted, SENSOR, drop_bias=True).checkpoint.record["nir"]["bias"][0]


def test_a_bias_of_the_last_weights_is_where_the_logits_begin():
    modules = layers(iaf)
    modules.append(nn.BatchNorm1d(5))
    norm = modules[-1].eval()
    norm.running_mean.fill_(0.5)
    with pytest.raises(GraphError, match=r"module '5' \(Affine\): bias .*: .*bias_steps="):
        from_torch(modules, SENSOR)
    imported = from_torch(modules, SENSOR, bias_steps=8)
    initial = imported.checkpoint.model.readout.initial
    np.testing.assert_allclose(initial, np.full(5, -4.0), rtol=1e-4)
    plain = layers(iaf)
    plain[-1] = nn.Linear(24, 5)
    expected = plain[-1].bias.detach().numpy() * 8
    initial = from_torch(plain, SENSOR, bias_steps=8).checkpoint.model.readout.initial
    np.testing.assert_allclose(initial, expected, rtol=1e-6)


def test_a_leak_of_snntorch_is_kept_or_dropped():
    modules: Any = nn.Sequential(nn.Linear(144, 3, bias=False), leaky(0.75))
    with pytest.raises(GraphError, match=r"module '2' \(LIF\): leaks with tau = 4 s"):
        from_torch([nn.Flatten(), *modules], SENSOR)
    imported = from_torch([nn.Flatten(), *modules], SENSOR, drop_leak=True)
    expected = modules[0].weight.detach().reshape(3, *SENSOR) / 2.0
    torch.testing.assert_close(imported.checkpoint.model.weights[0].detach(), expected)


@pytest.mark.parametrize(
    ("fire", "gain", "expected"),
    [
        (jelly_leaky(), 0.25, LeakyIntegrateAndFire(0.75)),
        (jelly_leaky(decay_input=False, v_reset=None), 1.0,
         LeakyIntegrateAndFire(0.75, reset="subtract")),
        (leaky(0.75), 0.5,
         LeakyIntegrateAndFire(0.75, reset="subtract", strict=True, delayed=True)),
        (box(), 0.25, LeakyIntegrateAndFire(0.875, strict=True)),
        (box(reset_method="reset_subtract"), 0.25,
         LeakyIntegrateAndFire(0.875, reset="subtract", strict=True)),
        (lif(), 0.25, LeakyIntegrateAndFire(0.75)),
        (lif(norm_input=False), 1.0, LeakyIntegrateAndFire(0.75)),
        (LeakyIntegrateAndFire((0.5, 0.75, 1.0), reset="subtract"), 1.0,
         LeakyIntegrateAndFire((0.5, 0.75, 1.0), reset="subtract")),
        (LeakyIntegrateAndFire(0.5), 1.0, LeakyIntegrateAndFire(0.5)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("deep", [True, False])
def test_leaky_neurons_keep_their_leak_in_time_steps(fire, gain, expected, deep):
    """Threshold 2 of snnTorch's, and 0.5 of Norse's."""
    weights = nn.Conv2d(2, 3, (8, 9), bias=False) if deep else nn.Linear(144, 3, bias=False)
    modules = [weights, fire] if deep else [nn.Flatten(), weights, fire]
    imported = from_torch(modules, SENSOR, drop_leak=True, resolution=1024)
    model = imported.checkpoint.model
    [found] = model.layer_neurons
    assert isinstance(found, LeakyIntegrateAndFire)
    np.testing.assert_allclose(found.decay, expected.decay, rtol=1e-6)
    assert dataclasses.replace(found, decay=expected.decay) == expected
    torch.testing.assert_close(model.weights[0].flatten(), weights.weight.detach().flatten() * gain)
    # The integers do not leak, and reset as before.
    assert [layer.reset for layer in imported.network.layers[:1]] == [expected.reset]


def test_what_is_no_chain_or_no_sensor_is_refused():
    with pytest.raises(GraphError, match=r"^Linear: expected an nn.Sequential or a list"):
        from_torch(cast(Any, nn.Linear(2, 3)), SENSOR)
    for sensor in ((2, 8), (2, 8, 9, 1), (0, 8, 9), (2, 8.0, 9)):
        with pytest.raises(InputError, match=rf"^sensor = {re.escape(str(sensor))}: expected chan"):
            from_torch(layers(iaf), cast(Any, sensor))


def test_layers_may_differ_in_how_they_fire_and_reset():
    torch.manual_seed(0)
    modules: list[Any] = [
        nn.Conv2d(2, 3, 3, bias=False), iaf(-3.0),
        nn.Conv2d(3, 4, 3, bias=False), jelly(),
        nn.Conv2d(4, 4, 3, bias=False), leaky(),
        nn.Flatten(), nn.Linear(24, 5, bias=False),
    ]  # fmt: skip
    for index in (0, 2, 4):
        modules[index].weight.data = modules[index].weight.data.abs() * 2
    imported = from_torch(modules, SENSOR)
    assert [layer.reset for layer in imported.network.layers[:-1]] == [
        "subtract",
        "zero",
        "subtract",
    ]
    assert imported.checkpoint.model.layer_neurons == (
        IntegrateAndFire(-3.0),
        IntegrateAndFire(-8.0, spikes="one", reset="zero"),
        IntegrateAndFire(-8.0, spikes="one", strict=True),
    )
    floors = [layer.floor / layer.threshold for layer in imported.network.layers[:-1]]
    for found, expected in zip(floors, (-3, -8, -8), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.05)
    # The rounded network does event by event what the integers do.
    model = imported.checkpoint.model
    model.quantization = Quantization()
    events = np.random.default_rng(0).integers(0, SENSOR, (900, 3)).astype(np.int32)
    _, spikes, _ = FloatEngine(model).run(events)
    traced = run(imported.network, events)
    assert all(len(layer.spikes) > 10 for layer in traced.layers)
    for found, layer in zip(spikes, traced.layers, strict=True):
        np.testing.assert_array_equal(found, layer.spikes)
    again = from_torch(modules, SENSOR, floor=-2.0).checkpoint.model
    assert [again.event_neuron(index).floor for index in range(3)] == [-2.0] * 3


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ([nn.MaxPool2d(2)], r"module '0' \(MaxPool2d\): expected one of Conv2d"),
        ([nn.ReLU()], r"module '0' \(ReLU\)"),
        ([norm(2)], r"\(BatchNorm2d\): behind Input: expected it right behind weights"),
        ([nn.Conv2d(2, 2, 3), norm(3)], r"3 channels: expected 2"),
        ([nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")], "padding_mode = 'reflect'"),
        ([nn.AvgPool2d(2, ceil_mode=True)], "expected ceil_mode = False"),
        ([nn.Flatten(3)], "start_dim = 3"),
        ([nn.Conv2d(2, 2, 3), iaf()], r"module '0' \(Conv2d\): bias of up to"),
        ([nn.Conv2d(3, 2, 3)], r"expected 2 input channels"),
        ([jelly(0.5)], "v_reset = 0.5: expected 0, or None"),
        ([iaf(spikes="MaxSpike")], "spike_fn = MaxSpike"),
        ([iaf(reset="Other")], "reset_fn = "),
        ([leaky(reset="none")], "reset_mechanism"),
        ([jelly_leaky(v_reset=0.5)], r"module '0' \(LIFNode\): v_reset = 0.5"),
        ([box(v_leak=0.5)], r"module '0' \(LIFBoxCell\): v_leak = 0.5: expected 0"),
        ([box(reset_method="reset_other")], r"reset_method = reset_other: expected reset_value or"),
    ],
)
def test_modules_that_no_layer_does(modules, message):
    with pytest.raises(GraphError, match=message):
        from_torch(modules, SENSOR)
