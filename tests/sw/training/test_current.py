"""Tests of what arrives at neurons in a time step."""

import pytest
import torch
from torch.nn import functional

from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.training.current import current


@pytest.mark.parametrize("pool", [2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 8, 9])
def test_pooled_spikes_and_their_gradients_are_those_of_pooling(channels, pool):
    torch.manual_seed(1)
    (geometry,) = layer_geometries((channels, 17, 14), [LayerSpec("conv2d", 3, 3, pool=pool)])
    weight = torch.randn(geometry.weight_shape)
    spikes = torch.poisson(torch.full((5, channels, 17, 14), 0.7)).requires_grad_()
    found = current(spikes, weight, geometry)
    (gradient,) = torch.autograd.grad(found.square().sum(), spikes)
    expected = functional.conv2d(functional.avg_pool2d(spikes, pool), weight)
    (expected_gradient,) = torch.autograd.grad(expected.square().sum(), spikes)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, expected_gradient)
