"""Budget of a study: what its trainings take, from a timed one of few samples."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tickless.sw.data.catalog import simulated
from tickless.sw.data.recordings import Recordings
from tickless.sw.study.beginnings import to_train
from tickless.sw.study.variants import Variant
from tickless.sw.threads import one_thread
from tickless.sw.training.batches import training_recordings
from tickless.sw.training.settings import Settings
from tickless.sw.training.time_steps import draw_time_steps
from tickless.sw.training.trainer import Trainer

__all__ = ["Timing", "hours", "text", "timed"]

EPOCHS = 3
"""Epochs of a batch that are timed."""


@dataclass(frozen=True)
class Timing:
    """What one core takes for a sample, in seconds.

    Members
    -------
    make : float
        To make it.
    step : float
        For one time step of its forward and backward pass.
    """

    make: float
    step: float


def timed(settings: Settings) -> Timing:
    """Time a batch of the data set's own samples."""
    whole = training_recordings(settings)
    chosen = range(0, len(whole), -(-len(whole) // settings.batch))
    few = Recordings(
        whole.make,
        [whole.keys[index] for index in chosen],
        [whole.labels[index] for index in chosen],
        f"{whole.name}-timed",
        whole.sources,
    )
    began = time.perf_counter()
    for _ in few:
        pass
    make = (time.perf_counter() - began) / len(few)
    for epochs in (1, EPOCHS):  # the first one compiles
        short = replace(
            settings,
            pretrain_epochs=epochs,
            pretrain_samples=settings.batch,
            epochs=0,
            quantize_epochs=0,
            refit_samples=0,
        )
        with one_thread():
            trainer = Trainer(short, few, simulated(settings.dataset, 0))
            began = time.perf_counter()
            trainer.run()
            seconds = time.perf_counter() - began
    return Timing(make, seconds / EPOCHS / settings.batch / settings.steps)


def hours(compared: Sequence[Variant], seeds: int, timing: Timing) -> float:
    """Hours of one core that all trainings take; those of a seed share what they begin with."""
    ends = to_train([item.settings for item in compared])
    steps = sum(_steps(phase, end) for phase, begun in ends for end in begun)
    return seeds * steps * timing.step / 3600


def text(
    settings: Settings, compared: Sequence[Variant], seeds: int, jobs: int, timing: Timing
) -> str:
    """The budget as lines for a terminal."""
    made = len(training_recordings(settings)) + settings.simulated
    epoch = settings.pretrain_samples * settings.steps * timing.step / 60
    total = hours(compared, seeds, timing)
    return (
        f"budget: {timing.make:.3f} s to make each of {made:,} samples, once; {epoch:.1f} minutes "
        f"for an epoch of {settings.pretrain_samples:,} at T = {settings.steps}\n"
        f"{len(compared)} variants, {seeds} seeds: about {total:.1f} hours of one core, "
        f"{total / jobs:.1f} with {jobs} side by side, and what judging takes; runs that are done "
        "are not made again"
    )


def _steps(phase: str, settings: Settings) -> float:
    """Time steps of all samples in one of `sw.study.beginnings.PHASES`, by the mean of what the
    method draws."""
    if phase == "pre-training":
        return settings.pretrain_epochs * settings.pretrain_samples * settings.steps
    generator = np.random.default_rng(0)
    drawn = [draw_time_steps(settings.method, settings, 4, generator) for _ in range(500)]
    passes = np.mean([np.mean(each) for each in drawn]) * len(drawn[0])
    epochs = settings.epochs if phase == "fine-tuning" else settings.quantize_epochs
    return float(epochs * settings.samples * passes)
