"""Batch norm and integrate-and-fire neurons of a layer at once, compiled: the CPU's way.

What torch's operations do in some ten passes over memory, one time step after the other, takes two
or three here. Results are those of batch norm and `sw.training.membranes` but for rounding; without
a norm, spikes are the same to the bit.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from tickless.sw.training import kernels
from tickless.sw.training.neurons import IntegrateAndFire, Neuron
from tickless.sw.training.scale_norm import ScaleNorm

__all__ = ["fire", "fusable", "spikes_of"]

BLOCK = 600
"""Neurons of a block, about: with its tables it stays in the first cache."""


def fire(
    charge: torch.Tensor, neuron: Neuron, floor: torch.Tensor | None, norm: nn.Module | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Spikes of what arrives, ``[time, batch, ...]``, behind a norm, and how many they are; the
    compiled way where it is `fusable`."""
    if isinstance(neuron, IntegrateAndFire) and fusable(charge, neuron, norm):
        return spikes_of(charge, neuron.floor if floor is None else floor, norm)
    if norm is not None:
        charge = norm(charge.flatten(0, 1)).unflatten(0, charge.shape[:2])
    charge = charge.float()
    spikes = neuron(charge, floor) if isinstance(neuron, IntegrateAndFire) else neuron(charge)
    return spikes, spikes.sum()


def fusable(charge: torch.Tensor, neuron: Neuron, norm: nn.Module | None) -> bool:
    """Whether `spikes_of` can take the place of a norm and neurons.

    They are the contract's, with the usual surrogate gradient, numbers are float32 on a CPU, and a
    norm's statistics are the batch's.
    """
    usual = isinstance(neuron, IntegrateAndFire) and neuron == IntegrateAndFire(neuron.floor)
    normal = norm is None or (isinstance(norm, nn.BatchNorm2d) and norm.training)
    return usual and normal and charge.device.type == "cpu" and charge.dtype == torch.float32


def spikes_of(
    charge: torch.Tensor, floor: float | torch.Tensor, norm: nn.Module | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Spikes of a layer's neurons, and how many they are.

    Parameters
    ----------
    charge : torch.Tensor
        What arrives, ``[time, batch, channels, height, width]``, before the norm. Without a norm it
        may be overwritten.
    floor : float or torch.Tensor
        As of `IntegrateAndFire.__call__`.
    norm : torch.nn.BatchNorm2d, optional
        Its running statistics are updated.
    """
    parameters = None, None, None
    if norm is not None:
        assert isinstance(norm, nn.BatchNorm2d)
        mean, square = _moments(charge)
        if isinstance(norm, ScaleNorm):
            norm.track(square)
            parameters = norm.weight, None, (None, (square + norm.eps).rsqrt())
        else:
            variance = (square - mean.square()).clamp_(min=0)
            _track(norm, mean, variance, charge[:, :, 0].numel())
            parameters = norm.weight, norm.bias, (mean, (variance + norm.eps).rsqrt())
    spikes, count = _Spikes.apply(charge, floor, *parameters)  # pyright: ignore[reportGeneralTypeIssues]
    return spikes, count


class _Spikes(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        charge: torch.Tensor,
        floor: float | torch.Tensor,
        weight: torch.Tensor | None,
        bias: torch.Tensor | None,
        moments: tuple[torch.Tensor | None, torch.Tensor] | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        channels = charge.shape[2]
        gain, shift = torch.ones(channels), torch.zeros(channels)
        low = shift + (floor.flatten() if isinstance(floor, torch.Tensor) else floor)
        if moments is not None:
            assert weight is not None
            mean, inverse = moments
            gain = (weight * inverse).float()
            if mean is not None:
                assert bias is not None
                shift = (bias - mean * gain).float()
        arriving, spikes = _flat(charge), _like(charge)
        charges = None if moments is None else np.empty_like(arriving)
        ctx.moments, ctx.gain, ctx.low = moments, gain, _repeated(low)
        tables = _repeated(gain), _repeated(shift), ctx.low
        counts = _in_parts(kernels.fire, arriving, *tables, charges, _flat(spikes))
        # What arrives is needed again by a norm's gradient alone.
        ctx.arriving, ctx.charges = (None, arriving) if charges is None else (arriving, charges)
        return spikes, torch.tensor(counts.sum(), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        each, every = gradients
        result = _like(each)
        found = _flat(result)
        given = ctx.low, ctx.arriving, _flat(each), np.float32(every)
        sums = _in_parts(kernels.fire_backward, ctx.charges, *given, found)
        if ctx.moments is None:
            return result, None, None, None, None
        mean, inverse = ctx.moments
        total, product = _by_channel(sums, len(inverse))
        share = ctx.gain / each[:, :, 0].numel()
        if mean is None:
            scaled, bias = product * inverse, None
            slope = -share * inverse * scaled
            rest = torch.zeros_like(slope)
        else:
            scaled, bias = (product - mean * total) * inverse, total.float()
            slope = -share * inverse * scaled
            rest = -share * total - slope * mean
        tables = (_repeated(table.float()) for table in (ctx.gain, slope, rest))
        _in_parts(kernels.scale, ctx.arriving, *tables, found)
        return result, None, scaled.float(), bias, None


def _moments(charge: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and mean square of each channel, float64."""
    channels = charge.shape[2]
    block = _repeated(torch.zeros(channels))
    sums = _by_channel(_in_parts(kernels.moments, _flat(charge), block), channels)
    mean, square = sums / charge[:, :, 0].numel()
    return mean, square


@torch.no_grad()
def _track(norm: nn.BatchNorm2d, mean: torch.Tensor, variance: torch.Tensor, count: int) -> None:
    """Update running statistics as torch does, of so many values a channel."""
    state = norm.state_dict()
    state["num_batches_tracked"] += 1
    share = norm.momentum or 1 / int(state["num_batches_tracked"])
    state["running_mean"].lerp_(mean.float(), share)
    state["running_var"].lerp_((variance * (count / max(1, count - 1))).float(), share)


def _flat(tensor: torch.Tensor) -> np.ndarray:
    """``[time, neurons]``, the channels of a position next to each other."""
    return tensor.detach().movedim(2, -1).contiguous().flatten(1).numpy()


def _like(tensor: torch.Tensor) -> torch.Tensor:
    """Tensor of this shape that `_flat` does not copy."""
    return torch.empty(tensor.movedim(2, -1).shape).movedim(-1, 2)


def _repeated(table: torch.Tensor) -> np.ndarray:
    """Values of the channels, repeated over the positions of a block."""
    return table.repeat(-(-BLOCK // len(table))).numpy()


def _by_channel(sums: np.ndarray, channels: int) -> torch.Tensor:
    """Sums over the positions of a block: ``[2, channels]``."""
    return torch.from_numpy(sums).view(2, -1, channels).sum(1)


def _in_parts(kernel: Callable[..., np.ndarray], values: np.ndarray, *others: Any) -> np.ndarray:
    """Sum of what a kernel gives for the blocks, of which each of torch's threads takes a part.

    The first of the others is a table of a block.
    """
    blocks, threads = -(-values.shape[1] // len(others[0])), torch.get_num_threads()
    if threads == 1:
        return kernel(0, blocks, values, *others)
    ends = [blocks * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(kernel, *part, values, *others) for part in pairwise(ends)]
    return np.sum([part.result() for part in parts], axis=0)
