"""Refit of a readout to the spikes that the layers below it send event by event."""

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from sw.evaluate import FloatEngine
from sw.models import SpikingChain
from sw.training.batches import Batches
from sw.training.settings import Settings

__all__ = ["refit"]


def refit(model: SpikingChain, batches: Batches, settings: Settings) -> None:
    """Fit the readout to what the layers below send event by event, and in time steps.

    Those layers know time steps only from training, however many: their spikes event by event
    differ a little, and the readout, which is linear, can be told exactly. Fitting both at
    once keeps the accuracy in time steps. Of a network with rounded weights those are fitted, as
    in training: rounding them afterwards would undo a part of it.
    """
    chosen = batches.first(settings.refit_samples)
    shifts = batches.shifts(len(chosen), np.random.default_rng((settings.seed, 1)))
    counts = _counts(model, batches, settings, chosen, shifts)
    pooled = functional.avg_pool2d(counts.flatten(0, 1), model.geometries[-1].pool)
    readout = model.weights[-1]
    before, device = readout.detach().clone(), readout.device
    inputs = (pooled.flatten(1) / settings.steps).to(device)
    labels = batches.recordings.labels[chosen].repeat(2).to(device)
    optimizer = torch.optim.LBFGS([readout], max_iter=60)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        change = (readout - before).square().sum()
        weight, _ = model.parameters_of(len(model.weights) - 1)
        total = functional.cross_entropy(inputs @ weight.flatten(1).T, labels)
        total = total + settings.refit_strength * change
        total.backward()
        return total

    optimizer.step(loss)  # pyright: ignore[reportArgumentType]


@torch.no_grad()
def _counts(
    model: SpikingChain,
    batches: Batches,
    settings: Settings,
    chosen: np.ndarray,
    shifts: np.ndarray,
) -> torch.Tensor:
    """What reaches the readout event by event and in time steps: ``[2, samples, *input]``."""
    engine, device = FloatEngine(model), model.weights[0].device
    counts = torch.zeros(2, len(chosen), *model.geometries[-1].input_shape)
    for place, index in enumerate(tqdm(chosen.tolist(), "spike counts", leave=False)):
        _, spikes, _ = engine.run(batches.recordings.addresses(index, shifts[place]))
        np.add.at(counts[0, place].numpy(), tuple(spikes[-1].T), 1)
    for start in range(0, len(chosen), settings.batch):
        part = slice(start, start + settings.batch)
        frames = batches.recordings.frames(chosen[part], settings.steps, shifts[part])
        counts[1, part] = model.counts(frames.to(device))[0].cpu()
    return counts
