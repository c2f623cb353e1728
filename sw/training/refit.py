"""Refit of a readout to the spikes that the layers below it send event by event."""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from tickless.progress import bar
from tickless.sw.training.batches import Batches
from tickless.sw.training.float_engine import FloatEngine
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.settings import Settings

__all__ = ["refit"]

ROUNDED_ITERATIONS = 100
"""Steps of the optimizer with rounded weights."""

ROUNDED_RATE = 0.003
"""Learning rate of the first of them; it falls to 0 as a cosine."""


def refit(model: SpikingNetwork, batches: Batches, settings: Settings) -> None:
    """Fit the readout to what the layers below send event by event, and in time steps.

    Those layers know time steps only from training, however many: their spikes event by event
    differ a little, and the readout, which is linear, can be told exactly. Fitting both at
    once keeps the accuracy in time steps. Of a network with rounded weights the real ones are
    fitted first, a smooth and convex problem, and from there the rounded ones, as in
    training: rounding what was fitted would undo a part of it.
    """
    chosen = batches.first(settings.refit_samples)
    shifts = batches.shifts(len(chosen), np.random.default_rng((settings.seed, 1)))
    counts = _counts(model, batches, settings, chosen, shifts)
    pooled = functional.avg_pool2d(counts.flatten(0, 1), model.geometries[-1].pool)
    readout = model.weights[-1]
    before, device = readout.detach().clone(), readout.device
    inputs = (pooled.flatten(1) / settings.steps).to(device)
    labels = batches.source.labels[chosen].repeat(2).to(device)
    constant = model.readout.constant(settings.steps).to(device) / settings.steps

    def loss(weight: torch.Tensor) -> torch.Tensor:
        entropy = functional.cross_entropy(inputs @ weight.flatten(1).T + constant, labels)
        return entropy + settings.refit_strength * (readout - before).square().sum()

    _minimize(torch.optim.LBFGS([readout], max_iter=60), lambda: loss(readout))
    if model.quantization:
        optimizer = torch.optim.Adam([readout], lr=ROUNDED_RATE)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, ROUNDED_ITERATIONS)
        last = len(model.weights) - 1
        for _ in range(ROUNDED_ITERATIONS):
            _minimize(optimizer, lambda: loss(model.parameters_of(last)[0]))
            falling.step()


def _minimize(optimizer: torch.optim.Optimizer, loss: Callable[[], torch.Tensor]) -> None:
    """One step of an optimizer."""

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value.item()

    optimizer.step(closure)


@torch.no_grad()
def _counts(
    model: SpikingNetwork,
    batches: Batches,
    settings: Settings,
    chosen: np.ndarray,
    shifts: np.ndarray,
) -> torch.Tensor:
    """What reaches the readout event by event and in time steps: ``[2, samples, *input]``."""
    engine, device = FloatEngine(model), model.weights[0].device
    counts = torch.zeros(2, len(chosen), *model.geometries[-1].input_shape)
    for place, index in enumerate(bar(chosen.tolist(), "spike counts", "samples")):
        _, spikes, _ = engine.run(batches.source.addresses(index, shifts[place]))
        np.add.at(counts[0, place].numpy(), tuple(spikes[-1].T), 1)
    for start in range(0, len(chosen), settings.batch):
        part = slice(start, start + settings.batch)
        frames = batches.source.frames(chosen[part], settings.steps, shifts[part])
        counts[1, part] = model.counts(frames.to(device))[0].cpu()
    return counts
