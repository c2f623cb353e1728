import dataclasses

import numpy as np
import pytest
import torch

from tickless.errors import InputError
from tickless.sw.data.catalog import load
from tickless.sw.data.frames import FrameSource
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.judge.evaluate import renormalized, score_steps
from tickless.sw.training.batch_norms import fuse_norms, remove_shifts
from tickless.sw.training.current import current
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire, Neuron


def small_model(neuron: Neuron | None = None, normalize=True):
    torch.manual_seed(3)
    neuron = neuron or IntegrateAndFire(-2.0)
    specs = [LayerSpec("conv2d", 4, 3, 2, 1), LayerSpec("conv2d", 6, 3, pool=2)]
    return SpikingNetwork(
        (2, 34, 34), [*specs, LayerSpec("readout", 10, pool=2)], neuron, normalize
    )


@torch.no_grad()
def test_fused_norms_keep_the_spikes_of_a_network_without_shifts():
    model = small_model()
    frames = torch.rand(4, 3, 2, 34, 34)
    model.train()
    model(frames)
    model.eval()
    with pytest.raises(ValueError, match="norm 0 shifts"):
        fuse_norms(model)
    remove_shifts(model)
    mean, spikes = model(frames)
    assert not model.sums
    fuse_norms(model)
    assert model.sums
    summed, fused_spikes = model(frames)
    torch.testing.assert_close(mean * len(frames), summed)
    torch.testing.assert_close(spikes, fused_spikes)
    assert sum(float(part) for part in spikes) > 0


@torch.no_grad()
def test_growing_stages_count_their_spikes_once():
    model = small_model(normalize=False)
    frames = torch.rand(3, 2, 2, 34, 34)
    logits, spikes = model(frames, [3, 3, 3])
    repeated, repeated_spikes = model(frames, [3, 3, 9])
    torch.testing.assert_close(logits, repeated)
    torch.testing.assert_close(spikes, repeated_spikes)


def test_model_computes_live_extents_only():
    model = SpikingNetwork(
        (2, 11, 11),
        [LayerSpec("conv2d", 3, 3), LayerSpec("readout", 10, pool=2)],
        IntegrateAndFire(),
        False,
    )
    assert model.geometries[0].output_shape == (3, 8, 8)
    logits, _ = model(torch.rand(2, 5, 2, 11, 11))
    assert logits.shape == (5, 10)


@torch.no_grad()
@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_float_engine_is_the_limit_of_many_time_steps(reset):
    model = small_model(IntegrateAndFire(-2.0, reset=reset), normalize=False)
    samples = load("saccades", "test")[:3]
    engine = FloatEngine(model)
    for events, _ in samples:
        logits, spikes, sops = engine.run(events.addresses)
        # One event a time step: the same neurons see the same order, but for the deeper layers'
        # events within a step.
        one_each = dataclasses.replace(events, t_us=np.arange(len(events)))
        frames = FrameSource([(one_each, 0)], events.sensor).frames([0], len(events))
        stepped, counts = model(frames)
        assert len(spikes[0]) == pytest.approx(float(counts[0]), rel=0.01)
        assert len(spikes[1]) == pytest.approx(float(counts[1]), rel=0.05)
        assert sops > len(events)
        assert np.corrcoef(logits, stepped[0].numpy())[0, 1] > 0.98


def test_float_engine_refuses_batch_norms():
    with pytest.raises(ValueError, match="fused"):
        FloatEngine(small_model())


def test_score_steps():
    model = small_model(normalize=False)
    recordings = FrameSource(load("saccades", "test")[:7], (2, 34, 34))
    with torch.no_grad():
        logits, _ = model(recordings.frames(range(7), 5))
    expected = float((logits.argmax(1) == recordings.labels).float().mean())
    assert score_steps(model, recordings, 5, batch=3) == pytest.approx(expected)


JOINED = [
    LayerSpec("conv2d", 4, 3, 2, 1),
    LayerSpec("conv2d", 4, 3, 1, 1),
    LayerSpec("conv2d", 4, 3, 1, 1, shortcut=ShortcutSpec(0, 1, groups=4)),
    LayerSpec("conv2d", 6, 3, 2, 1),
    LayerSpec("conv2d", 6, 3, 1, 1, shortcut=ShortcutSpec(2, 1, stride=2)),
    LayerSpec("readout", 10),
]


@torch.no_grad()
def test_shortcuts_add_an_earlier_layers_spikes():
    torch.manual_seed(1)
    model = SpikingNetwork((2, 12, 12), JOINED, LeakyIntegrateAndFire(), normalize=False)
    assert model.stages == (0, 1, 1, 2, 2, 3)
    x = torch.rand(3, 2, 2, 12, 12)

    def layer(x, index):
        charge = current(x.flatten(0, 1), model.weights[index], model.geometries[index])
        return charge.unflatten(0, x.shape[:2])

    first = model.neuron(layer(x, 0))
    second = model.neuron(layer(first, 1))
    # Of kernel 1 and with a group a channel, the shortcut passes spikes on as they are.
    third = model.neuron(layer(second, 2) + first)
    fourth = model.neuron(layer(third, 3))
    direct = torch.nn.functional.conv2d(third.flatten(0, 1), model.direct["4"], stride=2)
    fifth = model.neuron(layer(fourth, 4) + direct.unflatten(0, x.shape[:2]))
    logits, spikes = model(x)
    torch.testing.assert_close(spikes[-1], fifth.sum() / 2)
    torch.testing.assert_close(logits, fifth.mean(0).flatten(1) @ model.weights[5].flatten(1).T)
    assert spikes[-1] > 0


def test_shortcuts_train_in_mixed_time_steps_and_fuse():
    model = SpikingNetwork((2, 12, 12), JOINED, IntegrateAndFire())
    model(torch.rand(3, 2, 2, 12, 12), [3, 5, 2, 1])[0].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    assert all(weight.grad is not None for weight in model.direct.values())
    assert list(model.direct_norms) == ["4"]
    model.eval()
    remove_shifts(model)
    with torch.no_grad():
        frames = torch.rand(3, 2, 2, 12, 12)
        mean, _ = model(frames)
        fuse_norms(model)
        summed, _ = model(frames)
    torch.testing.assert_close(mean * len(frames), summed)


def test_leaky_neurons_cannot_run_event_by_event():
    model = small_model(LeakyIntegrateAndFire(), normalize=False)
    with pytest.raises(ValueError, match="neuron = 'lif': expected 'if'"):
        FloatEngine(model)


@torch.no_grad()
def test_renormalized_takes_the_mean_of_the_batches_statistics():
    model = small_model()
    batches = [torch.rand(2, 4, 2, 34, 34) * scale for scale in (1, 3)]
    changed = renormalized(model, iter(batches))
    charges = [current(x.flatten(0, 1), model.weights[0], model.geometries[0]) for x in batches]
    mean = torch.stack([charge.mean((0, 2, 3)) for charge in charges]).mean(0)
    variance = torch.stack([charge.var((0, 2, 3)) for charge in charges]).mean(0)
    state = changed.norms[0].state_dict()
    torch.testing.assert_close(state["running_mean"], mean)
    torch.testing.assert_close(state["running_var"], variance)
    assert not changed.training
    assert not model.norms[0].state_dict()["running_mean"].any()


def test_each_layer_has_neurons_of_its_own():
    specs = [LayerSpec("conv2d", 2, 3), LayerSpec("conv2d", 3, 3), LayerSpec("readout", 10)]
    neurons = (LeakyIntegrateAndFire(0.5), IntegrateAndFire(-2.0, reset="zero"))
    model = SpikingNetwork((2, 8, 8), specs, neurons, normalize=False)
    frames = torch.rand(5, 3, 2, 8, 8, generator=torch.Generator().manual_seed(0)).round()
    counts, _ = model.counts(frames)
    x = frames
    for index, neuron in enumerate(neurons):
        charge = current(x.flatten(0, 1), model.weights[index], model.geometries[index])
        x = neuron(charge.unflatten(0, x.shape[:2]))
    assert torch.equal(counts, x.mean(0))
    assert model.leaks
    assert not model.sums
    with pytest.raises(InputError, match="layers with neurons that differ"):
        _ = model.neuron
    with pytest.raises(InputError, match="neuron = 'lif': expected 'if'"):
        model.event_neuron(0)
    assert model.event_neuron(1) == model.event_neuron(2) == neurons[1]
    model.neuron = IntegrateAndFire()
    assert model.layer_neurons == (IntegrateAndFire(),) * 2
    with pytest.raises(InputError, match="1 neurons: expected 2, one for each spiking layer"):
        SpikingNetwork((2, 8, 8), specs, neurons[:1])
