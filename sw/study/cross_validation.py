"""Cross-validation: networks trained on some of the training recordings and judged on the others.

``python -m sw.study.cross_validation EXPERIMENT``: what counts is the integer network, event by event.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path

import numpy as np

from tickless.sw.data.catalog import SENSORS, Samples, load, simulated
from tickless.sw.data.events import EventsError
from tickless.sw.data.frames import Recordings
from tickless.sw.judge.evaluate import score_events, score_steps
from tickless.sw.quantization.quantize import quantize
from tickless.sw.study.runs import JOBS, side_by_side, store, stored
from tickless.sw.training.experiment import add_experiment, read_experiment
from tickless.sw.training.settings import Settings
from tickless.sw.training.trainer import Trainer

__all__ = ["Fold", "judge", "split", "summary", "wilson"]


@dataclass(frozen=True)
class Fold:
    """One network, judged on recordings that its training never saw.

    Members
    -------
    samples : int
        Recordings judged on.
    right : mapping of str to int
        How many of them are classified rightly: ``time_stepped``, at the settings' time steps,
        ``float_events`` and ``integer``, both event by event.
    busiest_events : float
        Mean events a sample into the busiest layer of the integer network.
    sops : float
        Mean synaptic operations a sample of the integer network.
    """

    samples: int
    right: dict[str, int]
    busiest_events: float
    sops: float


def split(settings: Settings, folds: int) -> tuple[Samples, Samples, Samples]:
    """Training recordings without every ``folds``-th, simulated samples, and what is kept aside.

    The seed says which fold is kept aside, ``seed % folds``, so that as many seeds in a row are all
    folds. No simulated sample is of an image that a recording kept aside shows.
    """
    samples = load(settings.dataset, "train")
    indices = np.arange(len(samples))
    number = settings.seed % folds
    aside = samples.part(indices[number::folds])
    kept = samples.part(np.delete(indices, np.s_[number::folds]))
    return kept, simulated(settings.dataset, settings.simulated, aside.keys), aside


def judge(settings: Settings, folds: int, state: Path | None = None) -> Fold:
    """Train without one fold, as of `split`, and judge on it.

    Parameters
    ----------
    state : Path, optional
        See `sw.training.trainer.Trainer`.
    """
    kept, extra, aside = split(settings, folds)
    checkpoint = Trainer(settings, kept, extra, state).run()
    recordings = Recordings(aside, SENSORS[settings.dataset])
    network = quantize(checkpoint.model, settings.weight_bits, settings.resolution)
    floating, integer = (score_events(model, aside) for model in (checkpoint.model, network))
    shares = {
        "time_stepped": score_steps(checkpoint.model, recordings, settings.steps),
        "float_events": floating.accuracy,
        "integer": integer.accuracy,
    }
    right = {name: round(share * len(aside)) for name, share in shares.items()}
    return Fold(len(aside), right, max(integer.events), integer.sops)


def wilson(right: int, samples: int) -> tuple[float, float]:
    """95 % interval of a share, by Wilson's score."""
    z = 1.959964
    share, spread = right / samples, z * z / samples
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / samples + spread / samples / 4)
    return middle - half, middle + half


def summary(folds: Sequence[Fold]) -> str:
    """Table of all folds together."""
    samples = sum(fold.samples for fold in folds)
    lines = [
        f"{len(folds)} folds, {samples:,} recordings, each judged by a network that never saw it"
    ]
    for name in folds[0].right:
        right = sum(fold.right[name] for fold in folds)
        low, high = wilson(right, samples)
        lines.append(
            f"{name:14}{100 * right / samples:7.2f} %   "
            f"95 % interval {100 * low:.2f} to {100 * high:.2f} %"
        )
    busiest = sum(fold.busiest_events * fold.samples for fold in folds) / samples
    sops = sum(fold.sops * fold.samples for fold in folds) / samples
    lines.append(f"integer network: {busiest:,.0f} events into the busiest layer, {sops:,.0f} SOPs")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: runs the folds that are not there yet, and sums up all that are."""
    parser = argparse.ArgumentParser(
        prog="python -m sw.study.cross_validation", description=__doc__
    )
    add_experiment(parser)
    parser.add_argument("--folds", type=int, default=8, help="parts of the training recordings (8)")
    parser.add_argument("--fold", type=int, help="this one alone, from 0; by default all")
    parser.add_argument("--output", type=Path, help="folder; build/folds/EXPERIMENT if not given")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"folds side by side ({JOBS})")
    options = parser.parse_args(arguments)
    try:
        settings = read_experiment(options.experiment, options.set)
        if settings.target != "events":
            raise ValueError(f"target = {settings.target!r}: expected 'events'")
        if options.folds < 2 or not 0 <= (options.fold or 0) < options.folds:
            raise ValueError(
                f"folds = {options.folds}, fold = {options.fold}: expected at least 2 folds, and "
                "one of them, from 0"
            )
        output = options.output or Path("build/folds") / Path(options.experiment).stem
        output.mkdir(parents=True, exist_ok=True)
        wanted = range(options.folds) if options.fold is None else [options.fold]
        # The first seed that keeps this fold aside.
        seeds = [settings.seed + (number - settings.seed) % options.folds for number in wanted]
        runs = [(replace(settings, seed=seed), options.folds, output) for seed in seeds]
        done = side_by_side(_fold, runs, options.jobs, "folds")
    except (EventsError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(summary(done))
    return 0


def _fold(settings: Settings, folds: int, output: Path) -> Fold:
    """A fold's outcome, from its file if it was made with the same settings."""
    number = settings.seed % folds
    path = output / f"{number}-of-{folds}.json"
    found = stored(path, settings, "fold")
    if found is not None:
        return Fold(**found)
    print(f"fold {number} of {folds}", file=sys.stderr)
    state = path.with_suffix(".state")
    fold = judge(settings, folds, state)
    store(path, settings, "fold", fold)
    state.unlink(missing_ok=True)
    return fold


if __name__ == "__main__":
    sys.exit(main())
