"""Report of a study: one HTML page with tables and plots."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from gen.folds import wilson
from gen.study.outcome import BITS, STEPS, Outcome

__all__ = ["Figures", "figures", "text", "write_report"]

COLOURS = (
    *("#777777", "#c98a1b", "#1f5fa8", "#5aa0d8", "#b8433a"),
    *("#3f8f5f", "#8a5fb0", "#111111", "#d07aa8", "#7a5a33"),
)


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
        Accuracies in percent, events into the busiest layer and SOPs: mean and deviation.
    interval : tuple of float
        95 % interval, in percent, of the accuracy of the integer network, over all runs.
    """

    name: str
    seeds: int
    samples: int
    columns: dict[str, tuple[float, float]]
    interval: tuple[float, float]


def figures(outcomes: Sequence[Outcome], bits: dict[str, int]) -> list[Figures]:
    """Figures of each variant, in the order in which they come.

    Parameters
    ----------
    bits : dict of str to int
        Weight bits of each variant's integer network.
    """
    result = []
    for name in dict.fromkeys(outcome.variant for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.variant == name]
        stepped = 100 * np.array([outcome.time_stepped for outcome in mine])
        integer = [outcome.integer[str(bits[name])] or 0.0 for outcome in mine]
        columns = {
            "T = 1": stepped[:, 0],
            "T = 2": stepped[:, 1],
            "T = 5": stepped[:, 4],
            "T = 10": stepped[:, 9],
            "T = 20": stepped[:, 19],
            "worst, T = 2..20": stepped[:, 1:].min(axis=1),
            "float events": 100 * np.array([outcome.float_events for outcome in mine]),
            "integer": 100 * np.array(integer),
            "busiest": np.array([outcome.busiest_events for outcome in mine]),
            "SOPs": np.array([outcome.sops for outcome in mine]),
            "spike difference": 100 * np.array([o.spike_difference or 0.0 for o in mine]),
        }
        samples = mine[0].samples
        right = round(sum(integer) * samples)
        low, high = wilson(right, samples * len(mine))
        result.append(
            Figures(
                name,
                len(mine),
                samples,
                {key: (float(v.mean()), float(v.std())) for key, v in columns.items()},
                (100 * low, 100 * high),
            )
        )
    return result


def text(rows: Sequence[Figures]) -> str:
    """Summary for a terminal: means over the seeds."""
    shown = ("T = 1", "T = 2", "T = 10", "T = 20", "float events", "integer")
    lines = [f"{'':24}" + "".join(f"{name:>14}" for name in shown) + f"{'busiest':>10}{'SOPs':>11}"]
    for row in rows:
        cells = [f"{row.columns[name][0]:8.1f} ±{row.columns[name][1]:4.1f}" for name in shown]
        busiest, sops = row.columns["busiest"][0], row.columns["SOPs"][0]
        lines.append(f"{row.name:24}" + "".join(cells) + f"{busiest:10,.0f}{sops:11,.0f}")
    return "\n".join(lines)


def write_report(
    path: Path, dataset: str, quick: bool, outcomes: Sequence[Outcome], rows: Sequence[Figures]
) -> None:
    """Write the page; it needs no other file."""
    environment = Environment(
        loader=PackageLoader("gen"), autoescape=True, undefined=StrictUndefined
    )
    pictures = [
        ("Accuracy over the number of time steps", _png(_over_steps(outcomes))),
        ("Accuracy of the integer network over weight bits", _png(_over_bits(outcomes))),
        (
            "Accuracy of the integer network over its operations: early exit, means over the seeds",
            _png(_over_operations(outcomes)),
        ),
    ]
    page = environment.get_template("study.html").render(
        dataset=dataset, quick=quick, rows=rows, pictures=pictures, bits=BITS
    )
    path.write_text(page, encoding="utf-8")


def _by_variant(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    names = dict.fromkeys(outcome.variant for outcome in outcomes)
    return {name: [o for o in outcomes if o.variant == name] for name in names}


def _axes(x: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.5, 4), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.3)
    return figure, axes


def _over_steps(outcomes: Sequence[Outcome]) -> Figure:
    figure, axes = _axes("time steps (right: event by event)")
    for colour, (name, mine) in zip(COLOURS, _by_variant(outcomes).items(), strict=False):
        values = 100 * np.array([outcome.time_stepped for outcome in mine])
        axes.plot(STEPS, values.mean(axis=0), color=colour, lw=1.4, label=name)
        if len(mine) > 1:
            axes.fill_between(
                STEPS, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, lw=0
            )
        events = [100 * outcome.float_events for outcome in mine]
        axes.plot([STEPS[-1] + 2] * len(events), events, "o", color=colour, ms=4)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def _over_bits(outcomes: Sequence[Outcome]) -> Figure:
    figure, axes = _axes("weight bits")
    for colour, (name, mine) in zip(COLOURS, _by_variant(outcomes).items(), strict=False):
        means = []
        for bits in BITS:
            found = [outcome.integer[str(bits)] for outcome in mine]
            values = [100 * value for value in found if value is not None]
            means.append(np.mean(values) if values else np.nan)
        axes.plot(BITS, means, "o-", color=colour, ms=3.5, lw=1.2, label=name)
    axes.invert_xaxis()
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return figure


def _over_operations(outcomes: Sequence[Outcome]) -> Figure:
    figure, axes = _axes("synaptic operations, thousands a sample")
    for colour, (name, mine) in zip(COLOURS, _by_variant(outcomes).items(), strict=False):
        exits = zip(*(outcome.exits for outcome in mine), strict=True)
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


def _png(figure: Figure) -> str:
    with io.BytesIO() as file:
        figure.savefig(file, format="png")
        return base64.b64encode(file.getvalue()).decode()
