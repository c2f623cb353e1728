"""Report of a study: one HTML page with tables and plots."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tickless.sw.judge.energy import NOTE
from tickless.sw.pages import png, write_page
from tickless.sw.study.figures import COUNTS, Baseline, Figures, by_event
from tickless.sw.study.gain import Gain
from tickless.sw.study.outcome import BITS, STEPS, Outcome
from tickless.sw.study.variants import by_variant

__all__ = ["write_report"]

COLOURS = (
    *("#777777", "#c98a1b", "#1f5fa8", "#5aa0d8", "#b8433a"),
    *("#3f8f5f", "#8a5fb0", "#111111", "#d07aa8", "#7a5a33", "#00a0a0", "#b0b000"),
)


def write_report(
    path: Path,
    dataset: str,
    quick: bool,
    outcomes: Sequence[Outcome],
    rows: Sequence[Figures],
    baseline: Baseline,
    dropped: str,
    gained: Sequence[Gain],
) -> None:
    """Write the page, which needs no other file; ``dropped`` says what the recordings lose."""
    pictures = [("Accuracy over the number of time steps", png(_over_steps(outcomes, baseline)))]
    if by_event(outcomes):
        pictures += [
            ("Accuracy of the integer network over weight bits", png(_over_bits(outcomes))),
            (
                "Accuracy of the integer network over its operations: early exit, means over the "
                "seeds",
                png(_over_operations(outcomes)),
            ),
        ]
    values = {"dataset": dataset, "quick": quick, "rows": rows, "counts": COUNTS, "note": NOTE}
    values |= {"dropped": dropped, "baseline": baseline, "gains": gained}
    write_page(path, "tickless.sw.study", "study.html", pictures=pictures, **values)


def _axes(x: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.5, 4), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.3)
    return figure, axes


def _over_steps(outcomes: Sequence[Outcome], baseline: Baseline) -> Figure:
    right = " (right: event by event)" if by_event(outcomes) else ""
    figure, axes = _axes(f"time steps{right}")
    axes.axhline(baseline.accuracy, color="#222222", ls=":", lw=1, label=baseline.name)
    drawn = zip(cycle(COLOURS), by_variant(outcomes).items(), strict=False)
    for index, (colour, (name, mine)) in enumerate(drawn):
        values = 100 * np.array([outcome.time_stepped for outcome in mine])
        axes.plot(STEPS, values.mean(axis=0), color=colour, lw=1.4, label=name)
        if len(mine) > 1:
            axes.fill_between(
                STEPS, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, lw=0
            )
        events = [100 * item.floating for item in by_event(mine)]
        place = STEPS[-1] + 1.5 + 0.4 * index  # beside each other, for most are alike
        axes.plot([place] * len(events), events, "o", color=colour, ms=3.5)
    axes.set_xticks([1, 5, 10, 15, 20])
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def _over_bits(outcomes: Sequence[Outcome]) -> Figure:
    figure, axes = _axes("weight bits")
    for colour, (name, mine) in zip(cycle(COLOURS), by_variant(outcomes).items(), strict=False):
        means = []
        for bits in BITS:
            found = [item.integer[str(bits)] for item in by_event(mine)]
            values = [100 * value for value in found if value is not None]
            means.append(np.mean(values) if values else np.nan)
        axes.plot(BITS, means, "o-", color=colour, ms=3.5, lw=1.2, label=name)
    axes.invert_xaxis()
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return figure


def _over_operations(outcomes: Sequence[Outcome]) -> Figure:
    figure, axes = _axes("synaptic operations, thousands a sample")
    for colour, (name, mine) in zip(cycle(COLOURS), by_variant(outcomes).items(), strict=False):
        exits = zip(*(item.exits for item in by_event(mine)), strict=True)
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
