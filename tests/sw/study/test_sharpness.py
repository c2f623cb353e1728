import numpy as np
import pytest
import torch

from tickless.sw.data.catalog import load
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.study.sharpness import (
    direction,
    largest_eigenvalue,
    loss_at,
    profile,
    rate_mismatch,
)
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire

SENSOR = (2, 34, 34)
SPECS = (
    LayerSpec("conv2d", 4, 3, 2, 1),
    LayerSpec("conv2d", 4, 3, 2, 1),
    LayerSpec("readout", 10),
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SpikingNetwork(SENSOR, SPECS, IntegrateAndFire(-2.0), normalize=False).eval()


@pytest.fixture(scope="module")
def recordings():
    return load("saccades", "test").part(range(6))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_each_filter_moves_by_its_own_length(model):
    for weight, part in zip(model.parameters(), direction(model, seeded()), strict=True):
        assert part.shape == weight.shape
        assert torch.allclose(part.flatten(1).norm(dim=1), weight.flatten(1).norm(dim=1))
    first, again = direction(model, seeded(3)), direction(model, seeded(3))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_eigenvalue_of_a_known_curvature(model):
    # A bowl: 7 along one weight, 1 along all others.
    weights = list(model.parameters())
    curvature = [torch.ones_like(weight) for weight in weights]
    curvature[1][2, 1, 0, 0] = 7

    def bowl():
        pairs = zip(weights, curvature, strict=True)
        return sum(((c * w.square()).sum() for w, c in pairs), torch.zeros(())) / 2

    length = sum(float(weight.detach().square().sum()) for weight in weights)
    found = largest_eigenvalue(model, bowl, seeded(), iterations=30)
    assert found == pytest.approx(7 * length, rel=0.01)


def test_the_network_is_afterwards_what_it_was(model, recordings):
    before = [weight.detach().clone() for weight in model.parameters()]
    loss = loss_at(model, recordings, 3)
    along = direction(model, seeded())
    losses = profile(model, loss, along, (-0.5, 0, 0.5))
    assert losses[1] == pytest.approx(loss().item())
    assert losses[0] != losses[1] != losses[2]
    assert np.isfinite(largest_eigenvalue(model, loss, seeded(), iterations=2))
    for weight, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(weight, old)


def test_loss_is_that_of_training(model, recordings):
    from tickless.sw.data.frames import FrameSource

    source = FrameSource(recordings, SENSOR)
    logits = model(source.frames(range(6), 4))[0] / 4
    expected = torch.nn.functional.cross_entropy(logits, source.labels)
    assert loss_at(model, recordings, 4)().item() == pytest.approx(expected.item())


def test_without_inhibition_spikes_are_alike_at_any_number_of_time_steps(model, recordings):
    with torch.no_grad():
        for weight in model.weights:
            weight.abs_().mul_(0.9 / weight.max())
    alike = rate_mismatch(model, recordings, (1, 5))
    assert alike.shape == (2, 2)
    assert np.abs(alike).max() < 1e-3
    with torch.no_grad():
        for weight in model.weights:
            weight[:, ::2] *= -0.5
    assert np.abs(rate_mismatch(model, recordings, (1,))).max() > 0.02
