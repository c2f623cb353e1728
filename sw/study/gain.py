"""Gain of MTT over SDT: both runs of a seed are judged on the same recordings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.sw.study.figures import Figures

__all__ = ["Gain", "gains"]

COMPARED = (("MTT", "SDT"), ("MTT, no refit", "SDT, no refit"))
"""Variants of a study, the second of each pair being what the first is measured by."""


@dataclass(frozen=True)
class Gain:
    """Difference of two variants in percentage points, run by run of the same seed.

    Members
    -------
    name, over : str
        The variants; the gain is that of ``name`` over ``over``.
    judged : str
        The column of the study whose accuracies these are.
    points : float
        Mean over the seeds.
    seeds : int
        Runs of each.
    interval : tuple of float, optional
        95 % interval of the mean by Student's t, whose spread is that between seeds; None of one
        seed.
    """

    name: str
    over: str
    judged: str
    points: float
    seeds: int
    interval: tuple[float, float] | None

    def __str__(self) -> str:
        said = f"{self.name} over {self.over}, {self.judged}: {self.points:+.1f} points"
        if self.interval is None:
            return f"{said}, one seed"
        low, high = self.interval
        return f"{said} (95 % interval {low:+.1f} to {high:+.1f}, {self.seeds} seeds)"


def gains(rows: Sequence[Figures]) -> list[Gain]:
    """The gains of a study that has compared both variants of a pair, in the column that counts."""
    by_name = {row.name: row for row in rows}
    return [
        _gain(by_name[name], by_name[over])
        for name, over in COMPARED
        if name in by_name and over in by_name
    ]


def _gain(row: Figures, over: Figures) -> Gain:
    from scipy.stats import t

    points = [row.runs[seed] - over.runs[seed] for seed in row.runs]
    mean = float(np.mean(points))
    interval = None
    if len(points) > 1:
        error = np.std(points, ddof=1) / np.sqrt(len(points))
        half = float(t.ppf(0.975, len(points) - 1) * error)
        interval = (mean - half, mean + half)
    return Gain(row.name, over.name, row.judged, mean, len(points), interval)
