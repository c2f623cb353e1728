import pytest
import torch

from tickless.sw.integer.specs import LayerSpec
from tickless.sw.training.batch_norms import fuse_norms
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire
from tickless.sw.training.scale_norm import ScaleNorm


@pytest.mark.parametrize("momentum", [0.1, None])
def test_each_channel_has_a_mean_square_of_one_behind_it(momentum):
    norm = ScaleNorm(3)
    norm.momentum = momentum
    torch.manual_seed(1)
    batches = [torch.randn(4, 3, 5, 6) * 3 + 1 for _ in range(3)]
    for batch in batches:
        scaled = norm(batch)
        torch.testing.assert_close(scaled.square().mean((0, 2, 3)), torch.ones(3))
        torch.testing.assert_close(scaled / batch, (scaled / batch)[:1, :, :1, :1].expand_as(batch))
    powers = torch.stack([batch.square().mean((0, 2, 3)) for batch in batches])
    expected = powers.mean(0)
    if momentum is not None:
        expected = torch.ones(3)
        for power in powers:
            expected = expected.lerp(power, momentum)
    torch.testing.assert_close(norm.state_dict()["running_var"], expected)
    held = norm.eval()(batches[0])
    torch.testing.assert_close(
        held, batches[0] / torch.sqrt(expected + norm.eps)[:, None, None], rtol=1e-4, atol=1e-5
    )


@torch.no_grad()
def test_it_is_fused_without_a_change():
    torch.manual_seed(3)
    specs = [LayerSpec("conv2d", 4, 3, 2, 1), LayerSpec("conv2d", 6, 3), LayerSpec("readout", 10)]
    model = SpikingNetwork((2, 16, 16), specs, IntegrateAndFire(), norm=ScaleNorm)
    frames = torch.rand(4, 3, 2, 16, 16)
    model(frames)
    model.eval()
    mean, spikes = model(frames)
    fuse_norms(model)
    summed, fused = model(frames)
    torch.testing.assert_close(mean * len(frames), summed)
    torch.testing.assert_close(spikes, fused)
    assert sum(float(part) for part in spikes) > 0
