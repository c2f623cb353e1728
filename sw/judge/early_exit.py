"""Accuracy against what early exit saves, for a range of margins or one that is chosen."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tickless.errors import ResultError
from tickless.sw.data.catalog import load
from tickless.sw.data.losses import DroppedWarning
from tickless.sw.integer.network import Network
from tickless.sw.judge.exits import (
    STEPS,
    Exit,
    choose_margin,
    event_exits,
    median_lead,
    step_exits,
)
from tickless.sw.judge.options import add_judging, float_network, judging_samples, write_figures
from tickless.sw.option_types import points, real
from tickless.sw.outputs import output_file

__all__ = ["add_options", "main", "plot", "table"]

CHOOSING = 1000
"""Training recordings that a margin is chosen on, at most, evenly over them."""


def table(title: str, unit: str, exits: Sequence[Exit]) -> str:
    """Exits as text; shares of what is consumed without early exit."""
    whole = exits[-1]
    lines = [
        title,
        f"{'margin':>12}{'accuracy':>10}{'decided':>9}{unit:>10}{'share':>8}{'SOPs':>12}"
        f"{'share':>8}{'uJ':>8}{'dropped':>9}",
    ]
    for item in exits:
        margin = f"{item.margin:,.4g}" if item.margin < 1000 else f"{item.margin:,.0f}"
        share = _share(item.sops, whole.sops)
        sops = f"{item.sops:12,.0f}{share:8.1%}{item.energy_uj:8.3g}{item.dropped:9,.1f}"
        lines.append(
            f"{margin:>12}{item.accuracy:10.2%}{item.decided:9.1%}{item.consumed:10,.1f}"
            f"{_share(item.consumed, whole.consumed):8.1%}{'' if np.isnan(item.sops) else sops}"
        )
    return "\n".join(lines)


def _share(part: float, whole: float) -> float:
    """Share of what is consumed; all of it where that is nothing, as of samples without events."""
    return part / whole if whole else 1.0


def plot(event: Sequence[Exit], steps: Sequence[Exit], path: Path) -> None:
    """Accuracy against the share of events, of SOPs and of time steps, to a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    shares = [
        ("input events, event by event", event, "consumed", "#1f5fa8"),
        ("synaptic operations, event by event", event, "sops", "#b8433a"),
        ("time steps", steps, "consumed", "#777777"),
    ]
    for label, exits, name, colour in shares:
        if exits:
            whole = getattr(exits[-1], name)
            x = [100 * _share(getattr(item, name), whole) for item in exits]
            y = [100 * item.accuracy for item in exits]
            axes.plot(x, y, "o-", ms=3.5, lw=1.2, color=colour, label=label)
    axes.set_xlabel("consumed, % of the whole sample")
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_judging(parser)
    margins = parser.add_mutually_exclusive_group()
    margins.add_argument("--margins", type=int, nargs="+", help="in integer logit units")
    margins.add_argument(
        "--most-lost",
        type=points,
        metavar="POINTS",
        help=f"take the smallest margin that loses no more than these points of accuracy on "
        f"training recordings, {CHOOSING:,} at most; then judge it on the test samples",
    )
    margins.add_argument(
        "--leads",
        type=_positive,
        nargs="+",
        metavar="SHARE",
        help="margins as shares of the median lead at END of training recordings, "
        f"{CHOOSING:,} at most: what `tickless cross-validate` chooses",
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture to write")


def main(options: argparse.Namespace) -> int:
    """Print tables, or write the figures, and on request draw a picture."""
    if options.plot:
        output_file(options.plot, options.network)
    network = Network.load(options.network)
    dataset, samples = judging_samples(options, network)
    model = float_network(options.network)
    where = {"jobs": options.jobs, "cluster": options.cluster}
    margins = options.margins
    if options.most_lost is not None:
        margins = [_chosen(network, dataset, options.most_lost, where)]
    if options.leads is not None:
        median = median_lead(network, load(dataset, "train").evenly(CHOOSING), **where)
        margins = [int(share * median) for share in options.leads]
    event = event_exits(network, samples, margins, **where)
    steps = [] if model is None else step_exits(model, samples, **where)
    if options.plot:
        plot(event, steps, options.plot)
    figures = {
        "events": [asdict(item) for item in event],
        "time_steps": [asdict(item) for item in steps],
    }
    if not write_figures(options, network, dataset, samples, figures):
        print(table(f"{dataset}, {len(samples)} samples, event by event", "events", event))
        if steps:
            print(table(f"\nin time steps, {STEPS} at most", "steps", steps))
        if options.plot:
            print(f"\nwrote {options.plot}")
    if event[-1].dropped_warning is not None:
        warnings.warn(event[-1].dropped_warning, DroppedWarning, stacklevel=2)
    return 0


def _chosen(network: Network, dataset: str, most_lost: float, where: dict[str, Any]) -> int:
    """Margin that loses so many points at most, chosen on a data set's training recordings, with a
    line of how it does there."""
    recordings = load(dataset, "train").evenly(CHOOSING)
    count = len(recordings)
    chosen = choose_margin(network, recordings, most_lost / 100, **where)
    if chosen is None:
        raise ResultError(
            f"--most-lost {most_lost:g}: every margin loses more on {count:,} training recordings: "
            "expected more points, or a network that is sooner sure"
        )
    print(
        f"margin {chosen.margin:,.0f}: chosen on {count:,} training recordings, of which it "
        f"decides {chosen.accuracy:.2%} rightly, {chosen.decided:.1%} early",
        file=sys.stderr,
    )
    return int(chosen.margin)


def _positive(text: str) -> float:
    value = real(text)
    if not 0 < value < np.inf:
        raise argparse.ArgumentTypeError(f"{text}: expected a positive number")
    return value
