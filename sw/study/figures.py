"""Figures of a study: means over the seeds of each variant, and intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.sw.study.cross_validation import wilson
from tickless.sw.study.outcome import LONG_STEPS, STEPS, EventOutcome, Outcome
from tickless.sw.study.variants import by_variant

__all__ = [
    "COUNTS",
    "Baseline",
    "Figures",
    "by_event",
    "figures",
    "text",
    "without_spikes",
]

SHOWN_STEPS = (1, 2, 5, 10, 20)
"""Time steps of the tables."""

JUDGED_STEPS = 10
"""Those of the figure that counts for a network without events."""

COUNTS = ("busiest", "SOPs", "uJ")
"""Columns that are no percentages."""


@dataclass(frozen=True)
class Figures:
    """One variant over its seeds: means, and deviations over the seeds.

    Members
    -------
    name : str
        The variant.
    seeds, samples : int
        Runs, and recordings that each was judged on; other ones for each seed.
    columns : dict of str to tuple of float
        Accuracies in percent, events into the busiest layer, SOPs and their energy: mean and
        deviation.
    flatness : tuple of float
        Lowest and highest accuracy over T = 2..20, in percent, each over all runs: a run's own
        would be as far apart as chance makes its recordings.
    judged : str
        The column that counts: of the integer network, or of `JUDGED_STEPS` where there is none.
    interval : tuple of float
        95 % interval of that accuracy, in percent, over all runs.
    runs : dict of int to float
        That accuracy of each run, in percent, by its seed.
    """

    name: str
    seeds: int
    samples: int
    columns: dict[str, tuple[float, float]]
    flatness: tuple[float, float]
    judged: str
    interval: tuple[float, float]
    runs: dict[int, float]


@dataclass(frozen=True)
class Baseline:
    """Accuracy of the network without spikes, in percent, over all its runs.

    Members
    -------
    name : str
        What it is.
    accuracy : float
        Mean of its runs.
    interval : tuple of float
        95 % interval of that.
    """

    name: str
    accuracy: float
    interval: tuple[float, float]

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.name}: {self.accuracy:.1f} % (95 % interval {low:.1f} to {high:.1f} %)"


def without_spikes(outcomes: Sequence[Outcome]) -> Baseline:
    """The baseline from the runs of `sw.study.variants.ann`."""
    accuracies = [outcome.time_stepped[STEPS.index(1)] for outcome in outcomes]
    samples = sum(outcome.samples for outcome in outcomes)
    low, high = wilson(round(np.mean(accuracies) * samples), samples)
    return Baseline(outcomes[0].variant, 100 * float(np.mean(accuracies)), (100 * low, 100 * high))


def figures(outcomes: Sequence[Outcome], bits: dict[str, int]) -> list[Figures]:
    """Figures of each variant, in the order in which they come.

    Parameters
    ----------
    bits : dict of str to int
        Weight bits of each variant's integer network.
    """
    result = []
    known = all(outcome.long_stepped is not None for outcome in outcomes)
    for name, mine in by_variant(outcomes).items():
        stepped = 100 * np.array([outcome.time_stepped for outcome in mine])
        columns = {f"T = {steps}": stepped[:, STEPS.index(steps)] for steps in SHOWN_STEPS}
        if known:
            columns[f"T = {LONG_STEPS}"] = 100 * np.array([item.long_stepped for item in mine])
        pooled = stepped.mean(axis=0)[STEPS.index(2) :]
        judged = f"T = {JUDGED_STEPS}"
        with_events = by_event(mine)
        if with_events:
            judged, width = "integer", str(bits[name])
            columns |= {
                "float events": 100 * np.array([item.floating for item in with_events]),
                "integer": 100 * np.array([item.integer[width] or 0.0 for item in with_events]),
                "busiest": np.array([item.busiest_events for item in with_events]),
                "SOPs": np.array([item.sops for item in with_events]),
                "uJ": np.array([item.energy_uj for item in with_events]),
                "spike difference": 100
                * np.array([item.spike_difference or 0.0 for item in with_events]),
            }
        samples = mine[0].samples
        right = round(columns[judged].sum() / 100 * samples)
        low, high = wilson(right, samples * len(mine))
        result.append(
            Figures(
                name,
                len(mine),
                samples,
                {key: (float(v.mean()), float(v.std())) for key, v in columns.items()},
                (float(pooled.min()), float(pooled.max())),
                judged,
                (100 * low, 100 * high),
                {run.seed: float(v) for run, v in zip(mine, columns[judged], strict=True)},
            )
        )
    return result


def text(rows: Sequence[Figures]) -> str:
    """Summary for a terminal: means over the seeds."""
    names = [name for name in rows[0].columns if name not in ("T = 5", "spike difference")]
    lines = [f"{'':28}" + "".join(f"{name:>14}" for name in [*names, "T = 2..20"])]
    for row in rows:
        cells = []
        for name in names:
            mean, deviation = row.columns[name]
            count = f"{mean:,.0f}" if mean >= 100 else f"{mean:.3g}"
            shown = count if name in COUNTS else f"{mean:.1f} ±{deviation:4.1f}"
            cells.append(f"{shown:>14}")
        lowest, highest = row.flatness
        cells.append(f"{lowest:.1f} to {highest:.1f}".rjust(14))
        lines.append(f"{row.name:28}" + "".join(cells))
    return "\n".join(lines)


def by_event(outcomes: Sequence[Outcome]) -> list[EventOutcome]:
    """What they do event by event; empty for networks for time steps alone."""
    return [outcome.events for outcome in outcomes if outcome.events]
