"""Training methods: the time steps at which the stages of a network are trained."""

from typing import Protocol

import numpy as np

__all__ = ["METHODS", "Drawing", "draw_time_steps"]

METHODS = ("mtt", "nmt", "sdt")
"""Mixed time-step training, naive mixture training, plain direct training."""


class Drawing(Protocol):
    """What decides the time steps: members of `sw.training.settings.Settings`."""

    @property
    def steps(self) -> int: ...
    @property
    def steps_range(self) -> tuple[int, int]: ...
    @property
    def steps_drawn(self) -> str: ...
    @property
    def first_stage(self) -> str: ...
    @property
    def configurations(self) -> int: ...


def draw_time_steps(
    method: str, settings: Drawing, stages: int, generator: np.random.Generator
) -> list[list[int]]:
    """Time steps of each stage, for each pass of one iteration.

    - ``"sdt"``: one pass, all stages at ``steps``.
    - ``"nmt"``: in each pass one number for all stages, drawn from ``steps_range``.
    - ``"mtt"``: in each pass one number for each stage, drawn from ``steps_range``; the first
      stage runs at ``steps`` if it is fixed.

    From Du et al., "Temporal Flexibility in Spiking Neural Networks", ICLR 2025, who draw all
    numbers as often, ``"uniform"``. Drawn ``"log-uniform"``, a number is the whole part of one
    whose logarithm is uniform: 1 is as likely as 2 and 3 together, or 4 to 7.
    """
    if method == "sdt":
        return [[settings.steps] * stages]
    low, high = settings.steps_range
    shape = settings.configurations, 1 if method == "nmt" else stages
    if settings.steps_drawn == "uniform":
        steps = generator.integers(low, high + 1, shape)
    else:
        steps = np.exp(generator.uniform(np.log(low), np.log(high + 1), shape)).astype(np.int64)
        steps = steps.clip(low, high)  # the logarithm's rounding may pass a bound
    steps = np.broadcast_to(steps, (settings.configurations, stages)).copy()
    if method == "mtt" and settings.first_stage == "fixed":
        steps[:, 0] = settings.steps
    return steps.tolist()
