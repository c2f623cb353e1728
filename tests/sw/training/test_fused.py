"""The compiled way of batch norm and neurons beside torch's operations."""

import copy

import pytest
import torch
from torch import nn

from tickless.sw.integer.specs import LayerSpec
from tickless.sw.training import fused
from tickless.sw.training.fused import BLOCK, fusable, spikes_of
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire
from tickless.sw.training.scale_norm import ScaleNorm

SHAPES = [
    (1, 1, 1, 1, 1),
    (7, 3, 12, 9, 5),
    (20, 2, 16, 8, 8),
    (3, 2, 5, 11, 12),
    (4, 5, BLOCK + 1, 1, 2),
]


def both(shape, floor, norm):
    """Spikes, count and gradients of both ways: the compiled one first."""
    current = torch.randn(shape).add_(0.2)
    weight, every = torch.randn(shape), torch.randn(())
    results = []
    for compiled in (True, False):
        arriving = current.clone().requires_grad_()
        own = copy.deepcopy(norm)
        if compiled:
            spikes, count = spikes_of(arriving * 1, floor, own)
        else:
            charge = own(arriving.flatten(0, 1)).unflatten(0, shape[:2]) if own else arriving
            spikes = IntegrateAndFire()(charge, floor)
            count = spikes.sum()
        ((spikes * weight).sum() + every * count).backward()
        learned = [each for each in own.parameters() if each.requires_grad] if own else []
        gradients = [arriving.grad, *(each.grad for each in learned)]
        results.append((spikes.detach(), count.detach(), gradients, own))
    return results


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("by_channel", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_neurons_are_those_of_torch_to_the_bit(shape, by_channel, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    floor = -torch.rand(shape[2], 1, 1) * 3 if by_channel else -1.5
    (mine, count, gradients, _), (theirs, expected, theirs_gradients, _) = both(shape, floor, None)
    assert torch.equal(mine, theirs)
    assert torch.equal(count, expected)
    torch.testing.assert_close(gradients, theirs_gradients)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("kind", [nn.BatchNorm2d, ScaleNorm])
@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
def test_a_norm_before_them_is_that_of_torch(shape, kind, momentum, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(2)
    norm = kind(shape[2])
    norm.momentum = momentum
    norm.weight.data.uniform_(-1, 2)
    if norm.bias.requires_grad:
        norm.bias.data.normal_()
    (mine, count, gradients, own), (theirs, expected, theirs_gradients, other) = both(
        shape, -2.0, norm
    )
    # A membrane at its threshold may round to the other side.
    assert (mine != theirs).sum() <= 1
    assert abs(count - expected) <= 1
    torch.testing.assert_close(gradients, theirs_gradients, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(own.state_dict(), other.state_dict())


def test_only_what_it_can_is_fused():
    charge, norm = torch.zeros(2, 1, 3, 4, 4), nn.BatchNorm2d(3)
    for neuron in (IntegrateAndFire(), IntegrateAndFire(-8.0)):
        assert fusable(charge, neuron, None)
        assert fusable(charge, neuron, norm)
        assert not fusable(charge.bfloat16(), neuron, None)
        assert not fusable(charge, neuron, nn.BatchNorm2d(3).eval())
    for neuron in (
        IntegrateAndFire(surrogate="arctan"),
        IntegrateAndFire(spikes="one"),
        IntegrateAndFire(reset="zero"),
        IntegrateAndFire(strict=True),
        LeakyIntegrateAndFire(),
    ):
        assert not fusable(charge, neuron, None)


@pytest.mark.parametrize("normalize", [True, False])
def test_networks_learn_the_same_in_both_ways(normalize, monkeypatch):
    torch.manual_seed(0)
    specs = [LayerSpec("conv2d", 8, 3, 2, 1), LayerSpec("conv2d", 12, 3, 1, 1, 2)]
    network = SpikingNetwork(
        (2, 16, 16), [*specs, LayerSpec("readout", 4)], IntegrateAndFire(-2.0), normalize
    )
    frames = torch.poisson(torch.full((6, 5, 2, 16, 16), 0.4))
    results = []
    for usable in (fusable, lambda *_: False):
        monkeypatch.setattr(fused, "fusable", usable)
        own = copy.deepcopy(network)
        logits, spikes = own(frames, [6, 3, 8])
        (logits.square().sum() + torch.stack(spikes).sum()).backward()
        results.append((logits, spikes, [each.grad for each in own.parameters()]))
    torch.testing.assert_close(results[0], results[1], rtol=1e-3, atol=1e-4)
