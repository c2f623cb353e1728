"""Cross-validation: networks trained on some of the training recordings and judged on the others.

What counts is the integer network, event by event. Parts that are there already are not made again.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.errors import InputError
from tickless.sw.data.losses import dropped_a_sample, warn_of_first
from tickless.sw.data.options import given_options
from tickless.sw.option_types import points
from tickless.sw.outputs import output_folder
from tickless.sw.training.experiment import add_experiment, read_experiment
from tickless.sw.workers import add_workers, run_tasks

if TYPE_CHECKING:
    from tickless.sw.study.held_out import HeldOutScore
    from tickless.sw.study.held_out_exits import CrossExit

__all__ = ["MOST_LOST_POINTS", "add_options", "main", "summary", "wilson"]

MOST_LOST_POINTS = 0.3
"""Points of accuracy that early exit may lose where its margin is chosen, unless it is told."""


def wilson(right: int, samples: int) -> tuple[float, float]:
    """95 % interval of a share, by Wilson's score."""
    from scipy.stats import binomtest

    interval = binomtest(right, samples).proportion_ci(0.95, "wilson")
    return float(interval.low), float(interval.high)


def summary(parts: Sequence["HeldOutScore"], most_lost: float) -> str:
    """Table of all parts together.

    Parameters
    ----------
    most_lost : float
        Share of the recordings that early exit may lose where its margin is chosen.
    """
    from tickless.sw.study.held_out import early_exit

    samples = sum(part.samples for part in parts)
    lines = [
        f"{len(parts)} parts, {samples:,} recordings, each judged by a network that never saw it"
    ]
    for name in parts[0].right:
        right = sum(part.right[name] for part in parts)
        low, high = wilson(right, samples)
        lines.append(
            f"{name:14}{100 * right / samples:7.2f} %   "
            f"95 % interval {100 * low:.2f} to {100 * high:.2f} %"
        )
    busiest = sum(part.busiest_events * part.samples for part in parts) / samples
    sops = sum(part.sops * part.samples for part in parts) / samples
    lines.append(f"integer network: {busiest:,.0f} events into the busiest layer, {sops:,.0f} SOPs")
    exit = early_exit(parts, most_lost)
    if sops and exit:
        lines.append(_exit_line(parts, exit, most_lost, sops))
    lines.append(dropped_a_sample(sum(part.dropped * part.samples for part in parts) / samples))
    return "\n".join(lines)


def _exit_line(
    parts: Sequence["HeldOutScore"], exit: "CrossExit", most_lost: float, whole_sops: float
) -> str:
    """Early exit over all parts, against the whole recordings."""
    samples = sum(part.samples for part in parts)
    low, high = wilson(exit.right, samples)
    lost = sum(part.right["integer"] for part in parts) - exit.right
    shares = ", ".join("none" if share is None else f"{share:.2f}" for share in exit.shares)
    return (
        f"early exit    {100 * exit.right / samples:7.2f} %   "
        f"95 % interval {100 * low:.2f} to {100 * high:.2f} %: {lost} recordings lost, "
        f"{exit.sops:,.0f} SOPs, {100 * exit.sops / whole_sops:.1f} %\n"
        f"    margins of {shares} median leads of the training recordings, each chosen on the "
        f"other parts to lose {100 * most_lost:g} points at most"
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser)
    parser.add_argument("--parts", type=int, default=8, help="parts of the training recordings (8)")
    parser.add_argument("--part", type=int, help="this one alone, from 0; by default all")
    parser.add_argument(
        "--output", type=Path, help="folder; build/cross-validation/EXPERIMENT if not given"
    )
    parser.add_argument(
        "--most-lost",
        type=points,
        default=MOST_LOST_POINTS,
        metavar="POINTS",
        help="of accuracy that early exit may lose where its margin is chosen "
        f"({MOST_LOST_POINTS:g})",
    )
    add_workers(parser)


def main(options: argparse.Namespace) -> int:
    """Run the parts that are not there yet, and sum up all that are."""
    from tickless.sw.study.held_out import judged_part
    from tickless.sw.training.batches import training_recordings

    settings = read_experiment(options.experiment, options.set, given_options(options))
    if settings.target != "events":
        raise InputError(f"target = {settings.target!r}: expected 'events'")
    recordings = len(training_recordings(settings))
    if not 2 <= options.parts <= recordings or not 0 <= (options.part or 0) < options.parts:
        raise InputError(
            f"parts = {options.parts}, part = {options.part}: expected 2 to {recordings:,} parts, "
            "as many as there are training recordings, and one of them, from 0"
        )
    output = options.output or Path("build/cross-validation") / Path(options.experiment).stem
    output_folder(output)
    wanted = range(options.parts) if options.part is None else [options.part]
    # The first seed that keeps this part aside.
    seeds = [settings.seed + (number - settings.seed) % options.parts for number in wanted]
    runs = [(replace(settings, seed=seed), options.parts, output.resolve()) for seed in seeds]
    where = {"jobs": options.jobs, "cluster": options.cluster}
    done = list(run_tasks(judged_part, runs, title="cross-validation", unit="parts", **where))
    print(summary(done, options.most_lost / 100))
    warn_of_first(part.dropped_warning for part in done)
    return 0
