"""Recipes of training beside each other: lower floors, more augmentation, fewer spikes.

All see as many samples. Each is trained without a part of the recordings and judged on it, part
after part; what is there already is not made again.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.errors import InputError
from tickless.sw.data.losses import dropped_a_sample, warn_of_first
from tickless.sw.data.options import given_options
from tickless.sw.outputs import output_folder
from tickless.sw.study.cross_validation import MOST_LOST_POINTS, wilson
from tickless.sw.study.variants import Variant, add_only, chosen, quick_changes
from tickless.sw.training.experiment import add_experiment, read_experiment
from tickless.sw.training.settings import Settings
from tickless.sw.workers import add_workers, run_tasks

if TYPE_CHECKING:
    from tickless.sw.study.held_out import HeldOutScore

__all__ = ["add_options", "main", "recipes", "table"]

FLOORS = (-4.0, -8.0, -16.0)

FEWER = {"half the spikes": 2, "a quarter": 4, "an eighth": 8}
"""By which the spike budget is divided."""


def recipes(settings: Settings) -> list[Variant]:
    """The settings as they are, one change at a time, and all augmentation at a floor of -8."""
    moved = {"drop": 0.2, "turn": 8.0, "stretch": 0.08}
    varied = {"varied": True} if settings.dataset == "nmnist" else {}
    floors = [
        Variant(f"floor {floor:g}", replace(settings, floor=floor))
        for floor in FLOORS
        if floor < settings.floor
    ]
    return [
        Variant("as it is", settings),
        *floors,
        Variant("events dropped", replace(settings, drop=0.2)),
        Variant("turned and stretched", replace(settings, turn=8.0, stretch=0.08)),
        Variant("cut short", replace(settings, cut=0.8)),
        *([Variant("varied simulation", replace(settings, **varied))] if varied else []),
        *(
            Variant(name, replace(settings, rate_budget=settings.rate_budget / factor))
            for name, factor in FEWER.items()
            if settings.rate_penalty
        ),
        Variant("floor -8, augmented", replace(settings, floor=-8.0, **moved, **varied)),
    ]


def table(rows: Sequence[tuple[str, Sequence["HeldOutScore"]]]) -> str:
    """Each recipe's accuracies over its parts, what its integer networks cost, and both with early
    exit, each part's margin chosen on the others."""
    from tickless.sw.study.held_out import early_exit

    names = list(rows[0][1][0].right)
    head = [*(name.replace("_", " ") for name in names), "95 % interval"]
    head += ["busiest", "SOPs", "membrane bits", "early exit", "its SOPs"]
    lines = [f"{'':24}" + "".join(f"{name:>15}" for name in head)]
    for recipe, parts in rows:
        samples = sum(part.samples for part in parts)
        right = [sum(part.right[name] for part in parts) for name in names]
        low, high = wilson(right[-1], samples)
        busiest, sops = (
            sum(value * part.samples for value, part in zip(values, parts, strict=True)) / samples
            for values in zip(*((part.busiest_events, part.sops) for part in parts), strict=True)
        )
        exit_right, exit_sops = "-", "-"
        if exit := early_exit(parts, MOST_LOST_POINTS / 100):
            exit_right, exit_sops = f"{exit.right / samples:.2%}", f"{exit.sops:,.0f}"
        cells = [
            *(f"{count / samples:.2%}" for count in right),
            f"{100 * low:.1f} to {100 * high:.1f}",
            f"{busiest:,.0f}",
            f"{sops:,.0f}",
            str(max(part.membrane_bits for part in parts)),
            exit_right,
            exit_sops,
        ]
        lines.append(f"{recipe:24}" + "".join(f"{cell:>15}" for cell in cells))
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser)
    parser.add_argument("--parts", type=int, default=8, help="parts of the training recordings (8)")
    parser.add_argument(
        "--quick", action="store_true", help="train on a fraction of the samples; --set comes first"
    )
    add_only(parser, '"as it is" "floor -8"')
    parser.add_argument("--output", type=Path, help="folder; build/recipes/EXPERIMENT[-quick]")
    add_workers(parser)


def main(options: argparse.Namespace) -> int:
    """Train and judge what is not there yet; table of all."""
    from tickless.sw.study.held_out import judged_part

    fitting = given_options(options)
    settings = read_experiment(options.experiment, options.set, fitting)
    if options.quick:
        fewer = quick_changes(settings)
        settings = read_experiment(options.experiment, [*fewer, *options.set], fitting)
    if settings.target != "events":
        raise InputError(f"target = {settings.target!r}: expected 'events'")
    if options.parts < 2:
        raise InputError(f"parts = {options.parts}: expected at least 2")
    name = Path(options.experiment).stem + ("-quick" if options.quick else "")
    folder = output_folder(options.output or Path("build/recipes") / name).resolve()
    compared, runs = chosen(recipes(settings), options.only), []
    for recipe in compared:
        place = output_folder(folder / "".join(c if c.isalnum() else "-" for c in recipe.name))
        seeds = range(settings.seed, settings.seed + options.parts)
        runs += [(replace(recipe.settings, seed=seed), options.parts, place) for seed in seeds]
    where = {"jobs": options.jobs, "cluster": options.cluster}
    done = list(run_tasks(judged_part, runs, title="recipes", unit="parts", **where))
    places = range(0, len(done), options.parts)
    rows = [
        (recipe.name, done[place : place + options.parts])
        for recipe, place in zip(compared, places, strict=True)
    ]
    judged = sum(part.samples for part in rows[0][1])
    print(f"{settings.dataset}: {judged:,} recordings, each judged by networks that never saw it")
    dropped = sum(part.dropped * part.samples for part in rows[0][1]) / judged
    print(dropped_a_sample(dropped))
    print(table(rows))
    warn_of_first(part.dropped_warning for part in done)
    return 0
