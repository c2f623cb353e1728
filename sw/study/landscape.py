"""Landscape around what the variants of a study find: how sharp it is; how spikes depend on T.

Of the networks of a study that has run: with the same options, they are found in its folder. All is
measured on recordings that their training never saw.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.errors import InputError
from tickless.sw.data.losses import dropped_a_sample, lost_of
from tickless.sw.study.command import add_options as add_study_options
from tickless.sw.study.command import compared_in
from tickless.sw.study.variants import Variant, by_variant
from tickless.sw.workers import run_tasks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["METHODS", "Landscape", "add_options", "landscape", "main", "table"]

METHODS = ("SDT", "NMT", "MTT")
"""Variants of a study that are compared unless others are named."""

STEPS = (1, 2, 5, 10, 20)
"""Time steps at which spikes are counted."""

PLACES = tuple(number / 20 for number in range(-10, 11))
"""Where the loss is taken along a direction, in the lengths of the filters."""

DIRECTIONS = 5
"""Directions of chance over which profiles are means."""

LOSS_SAMPLES = 50
"""Recordings that the loss is taken on."""


@dataclass(frozen=True)
class Landscape:
    """What is measured around one network.

    Members
    -------
    variant, seed : str, int
        The run.
    eigenvalue : float
        See `sw.study.sharpness.largest_eigenvalue`.
    losses : list of float
        Mean loss at each of `PLACES`.
    mismatch : list of list of float
        Spikes at each of `STEPS` over those event by event, less 1, of each spiking layer.
    dropped : float
        Mean events a sample outside the sensor, which are dropped.
    """

    variant: str
    seed: int
    eigenvalue: float
    losses: list[float]
    mismatch: list[list[float]]
    dropped: float = 0.0


def landscape(variant: Variant, seed: int, folder: Path) -> Landscape:
    """Measure one network of a study, in its own time steps."""
    import numpy as np
    import torch

    from tickless.sw.checkpoint import Checkpoint
    from tickless.sw.study.beginnings import split
    from tickless.sw.study.outcome import checkpoint_path
    from tickless.sw.study.sharpness import (
        direction,
        largest_eigenvalue,
        loss_at,
        profile,
        rate_mismatch,
    )
    from tickless.sw.threads import one_thread

    settings = replace(variant.settings, seed=seed)
    path = checkpoint_path(variant, seed, folder)
    if not path.exists():
        raise InputError(f"{path}: not there: run tickless study first, with the same options")
    model = Checkpoint.load(path).model.eval()
    _, _, aside = split(settings)
    some = aside.part(range(0, len(aside), -(-len(aside) // LOSS_SAMPLES)))
    generator = torch.Generator().manual_seed(seed)
    with one_thread():
        loss = loss_at(model, some, settings.steps)
        ways = [direction(model, generator) for _ in range(DIRECTIONS)]
        losses = np.mean([profile(model, loss, way, PLACES) for way in ways], axis=0)
        eigenvalue = largest_eigenvalue(model, loss, generator)
        mismatch = rate_mismatch(model, some, STEPS)
    dropped = float(np.mean([lost_of("", events).dropped for events, _ in some]))
    return Landscape(variant.name, seed, eigenvalue, losses.tolist(), mismatch.tolist(), dropped)


def table(found: Sequence[Landscape]) -> str:
    """Means over the seeds, a line each variant."""
    import numpy as np

    head = ["eigenvalue", "loss", "loss at 0.25", "at 0.5", *(f"T = {steps}" for steps in STEPS)]
    lines = [f"{'':12}" + "".join(f"{name:>14}" for name in head)]
    for name, mine in by_variant(found).items():
        losses = np.mean([item.losses for item in mine], axis=0)
        both = (losses + losses[::-1]) / 2
        rates = np.abs([item.mismatch for item in mine]).mean(axis=(0, 2))
        values = [np.mean([item.eigenvalue for item in mine])]
        values += [both[PLACES.index(place)] for place in (0, 0.25, 0.5)]
        cells = [*(f"{value:.3g}" for value in values), *(f"{100 * rate:.1f} %" for rate in rates)]
        lines.append(f"{name:12}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command: those of the study."""
    add_study_options(parser)


def main(options: argparse.Namespace) -> int:
    """Measure, print the table and draw the plots."""
    study = compared_in(options)
    if study.settings.target != "events":
        raise InputError(f"target = {study.settings.target!r}: expected 'events'")
    compared = [item for item in study.compared if options.only or item.name in METHODS]
    folder = study.folder.resolve()
    tasks = [(item, seed, folder) for item in compared for seed in study.seeds]
    where = {"jobs": options.jobs, "cluster": options.cluster}
    found = list(run_tasks(landscape, tasks, title="landscape", unit="networks", **where))
    print(
        "largest eigenvalue of the Hessian, loss along directions, and how far the layers' spikes "
        "at T are from those event by event:"
    )
    print(table(found))
    print(dropped_a_sample(sum(each.dropped for each in found) / len(found)))
    for name, figure in (("landscape", _over_places(found)), ("rates", _over_steps(found))):
        path = study.folder / f"{name}.png"
        figure.savefig(path)
        print(f"wrote {path}")
    return 0


def _over_places(found: Sequence[Landscape]) -> "Figure":
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained", dpi=120)
    axes = figure.add_subplot(
        xlabel="move along a direction, lengths of the filters", ylabel="loss"
    )
    for name, mine in by_variant(found).items():
        axes.plot(PLACES, np.mean([item.losses for item in mine], axis=0), label=name)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def _over_steps(found: Sequence[Landscape]) -> "Figure":
    import numpy as np
    from matplotlib.figure import Figure

    parts = by_variant(found)
    figure = Figure(figsize=(4 * len(parts), 3.6), layout="constrained", dpi=120)
    for place, (name, mine) in enumerate(parts.items(), start=1):
        axes = figure.add_subplot(1, len(parts), place, title=name, xlabel="time steps")
        rates = 100 * np.mean([item.mismatch for item in mine], axis=0)
        for layer, column in enumerate(rates.T, start=1):
            axes.plot(STEPS, column, "o-", ms=3.5, label=f"layer {layer}")
        axes.set_ylabel("spikes beyond those event by event, %")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return figure
