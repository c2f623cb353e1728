"""Report of a study: one HTML page with tables and plots."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tickless.sw.judge.energy import NOTE
from tickless.sw.pages import png, write_page
from tickless.sw.study.cross_validation import wilson
from tickless.sw.study.outcome import BITS, STEPS, EventOutcome, Outcome

__all__ = ["Baseline", "Figures", "figures", "text", "without_spikes", "write_report"]

COLOURS = (
    *("#777777", "#c98a1b", "#1f5fa8", "#5aa0d8", "#b8433a"),
    *("#3f8f5f", "#8a5fb0", "#111111", "#d07aa8", "#7a5a33", "#00a0a0", "#b0b000"),
)


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
    """

    name: str
    seeds: int
    samples: int
    columns: dict[str, tuple[float, float]]
    flatness: tuple[float, float]
    judged: str
    interval: tuple[float, float]


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
    for name, mine in _by_variant(outcomes).items():
        stepped = 100 * np.array([outcome.time_stepped for outcome in mine])
        columns = {f"T = {steps}": stepped[:, STEPS.index(steps)] for steps in SHOWN_STEPS}
        pooled = stepped.mean(axis=0)[STEPS.index(2) :]
        judged = f"T = {JUDGED_STEPS}"
        by_event = _by_event(mine)
        if by_event:
            judged, width = "integer", str(bits[name])
            columns |= {
                "float events": 100 * np.array([item.floating for item in by_event]),
                "integer": 100 * np.array([item.integer[width] or 0.0 for item in by_event]),
                "busiest": np.array([item.busiest_events for item in by_event]),
                "SOPs": np.array([item.sops for item in by_event]),
                "uJ": np.array([item.energy_uj for item in by_event]),
                "spike difference": 100
                * np.array([item.spike_difference or 0.0 for item in by_event]),
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


def write_report(
    path: Path,
    dataset: str,
    quick: bool,
    outcomes: Sequence[Outcome],
    rows: Sequence[Figures],
    baseline: Baseline,
    dropped: str,
) -> None:
    """Write the page, which needs no other file; ``dropped`` says what the recordings lose."""
    pictures = [("Accuracy over the number of time steps", png(_over_steps(outcomes, baseline)))]
    if _by_event(outcomes):
        pictures += [
            ("Accuracy of the integer network over weight bits", png(_over_bits(outcomes))),
            (
                "Accuracy of the integer network over its operations: early exit, means over the "
                "seeds",
                png(_over_operations(outcomes)),
            ),
        ]
    values = {"dataset": dataset, "quick": quick, "rows": rows, "counts": COUNTS, "note": NOTE}
    values |= {"dropped": dropped, "baseline": baseline}
    write_page(path, "tickless.sw.study", "study.html", pictures=pictures, **values)


def _by_variant(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    names = dict.fromkeys(outcome.variant for outcome in outcomes)
    return {name: [o for o in outcomes if o.variant == name] for name in names}


def _by_event(outcomes: Sequence[Outcome]) -> list[EventOutcome]:
    """What they do event by event; empty for networks for time steps alone."""
    return [outcome.events for outcome in outcomes if outcome.events]


def _axes(x: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.5, 4), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.3)
    return figure, axes


def _over_steps(outcomes: Sequence[Outcome], baseline: Baseline) -> Figure:
    right = " (right: event by event)" if _by_event(outcomes) else ""
    figure, axes = _axes(f"time steps{right}")
    axes.axhline(baseline.accuracy, color="#222222", ls=":", lw=1, label=baseline.name)
    drawn = zip(cycle(COLOURS), _by_variant(outcomes).items(), strict=False)
    for index, (colour, (name, mine)) in enumerate(drawn):
        values = 100 * np.array([outcome.time_stepped for outcome in mine])
        axes.plot(STEPS, values.mean(axis=0), color=colour, lw=1.4, label=name)
        if len(mine) > 1:
            axes.fill_between(
                STEPS, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, lw=0
            )
        events = [100 * item.floating for item in _by_event(mine)]
        place = STEPS[-1] + 1.5 + 0.4 * index  # beside each other, for most are alike
        axes.plot([place] * len(events), events, "o", color=colour, ms=3.5)
    axes.set_xticks([1, 5, 10, 15, 20])
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def _over_bits(outcomes: Sequence[Outcome]) -> Figure:
    figure, axes = _axes("weight bits")
    for colour, (name, mine) in zip(cycle(COLOURS), _by_variant(outcomes).items(), strict=False):
        means = []
        for bits in BITS:
            found = [item.integer[str(bits)] for item in _by_event(mine)]
            values = [100 * value for value in found if value is not None]
            means.append(np.mean(values) if values else np.nan)
        axes.plot(BITS, means, "o-", color=colour, ms=3.5, lw=1.2, label=name)
    axes.invert_xaxis()
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return figure


def _over_operations(outcomes: Sequence[Outcome]) -> Figure:
    figure, axes = _axes("synaptic operations, thousands a sample")
    for colour, (name, mine) in zip(cycle(COLOURS), _by_variant(outcomes).items(), strict=False):
        exits = zip(*(item.exits for item in _by_event(mine)), strict=True)
        points = [
            (
                np.mean([item.sops for item in same]) / 1000,
                100 * np.mean([item.accuracy for item in same]),
            )
            for same in exits
        ]
        axes.plot(*zip(*points, strict=True), "o-", color=colour, ms=2.5, lw=0.8, label=name)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure
