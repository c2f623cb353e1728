"""Sharpness of the loss around a trained network, and how its spikes depend on time steps.

Spikes have no derivative: gradients are the surrogate's, as in training, and second derivatives are
differences of them.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional

from tickless.sw.data.frames import FrameSource
from tickless.sw.data.recordings import Recordings
from tickless.sw.judge.evaluate import count_events
from tickless.sw.training.models import SpikingNetwork

__all__ = ["Loss", "direction", "largest_eigenvalue", "loss_at", "profile", "rate_mismatch"]

Measured = TypeVar("Measured")

Loss = Callable[[], torch.Tensor]
"""Loss of a network with the weights that it has when this is called."""

DIFFERENCE = 1e-2
"""Length of the step over which gradients differ, as a share of the weights' length: short beside
what training moves, long enough that many spikes change."""


def loss_at(model: SpikingNetwork, recordings: Recordings, steps: int) -> Loss:
    """Cross-entropy on some recordings in so many time steps, on training's scale at its own."""
    source = FrameSource(recordings, model.sensor)
    frames, labels = source.frames(range(len(source)), steps), source.labels
    return lambda: functional.cross_entropy(model(frames)[0] / (steps if model.sums else 1), labels)


def direction(model: SpikingNetwork, generator: torch.Generator) -> list[torch.Tensor]:
    """Direction of chance in which each filter moves by its own length.

    Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018: so networks compare
    whose weights are scaled otherwise and do the same.
    """
    found = []
    for weight in model.parameters():
        drawn = torch.randn(weight.shape, generator=generator)
        lengths = [part.detach().flatten(1).norm(dim=1) for part in (weight, drawn)]
        factor = lengths[0] / lengths[1].clamp(min=1e-12)
        found.append(drawn * factor.reshape(-1, *[1] * (drawn.dim() - 1)))
    return found


@torch.no_grad()
def profile(
    model: SpikingNetwork, loss: Loss, along: Sequence[torch.Tensor], places: Sequence[float]
) -> list[float]:
    """Loss at places along a direction, in the lengths of the filters; 0 is the network itself."""
    return [_moved(model, along, place, lambda: float(loss())) for place in places]


def largest_eigenvalue(
    model: SpikingNetwork, loss: Loss, generator: torch.Generator, iterations: int = 20
) -> float:
    """Largest eigenvalue of the loss's Hessian in magnitude, by power iteration.

    Weights are counted in the length of all of them, so that a network whose weights are all twice
    as large and do the same has the same.
    """
    weights = list(model.parameters())
    length = float(torch.cat([weight.detach().flatten() for weight in weights]).norm())
    vector = _unit([torch.randn(weight.shape, generator=generator) for weight in weights])
    value = 0.0

    def gradient() -> list[torch.Tensor]:
        return list(torch.autograd.grad(loss(), weights))

    for _ in range(iterations):
        step = DIFFERENCE * length
        ahead, behind = (_moved(model, vector, sign * step, gradient) for sign in (1, -1))
        product = [(a - b) * length**2 / (2 * step) for a, b in zip(ahead, behind, strict=True)]
        value = float(sum((a * b).sum() for a, b in zip(product, vector, strict=True)))
        vector = _unit(product)
    return value


@torch.no_grad()
def rate_mismatch(
    model: SpikingNetwork, recordings: Recordings, steps: Sequence[int]
) -> np.ndarray:
    """Spikes in time steps over those event by event, less 1: ``[steps, spiking layers]``."""
    source = FrameSource(recordings, model.sensor)
    events = np.mean(count_events(model, recordings).events, axis=0)[1:]
    rows = []
    for number in steps:
        _, spikes = model(source.frames(range(len(source)), number))
        rows.append([float(layer) for layer in spikes])
    return np.array(rows) / np.maximum(events, 1e-12) - 1


def _moved(
    model: SpikingNetwork,
    along: Sequence[torch.Tensor],
    place: float,
    measure: Callable[[], Measured],
) -> Measured:
    """What is measured with the weights moved, which are then again what they were."""
    weights = list(model.parameters())
    before = [weight.detach().clone() for weight in weights]
    try:
        with torch.no_grad():
            for weight, part in zip(weights, along, strict=True):
                weight.add_(part, alpha=place)
        return measure()
    finally:
        with torch.no_grad():
            for weight, old in zip(weights, before, strict=True):
                weight.copy_(old)


def _unit(vector: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    length = torch.cat([part.flatten() for part in vector]).norm().clamp(min=1e-30)
    return [part / length for part in vector]
