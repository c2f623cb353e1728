"""Cross-validation: networks trained on some of the training recordings and judged on the others.

What counts is the integer network, event by event.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from tickless.errors import InputError
from tickless.sw.data.catalog import SENSORS, Recordings, load, simulated
from tickless.sw.data.frames import FrameSource
from tickless.sw.judge.evaluate import score_events, score_steps
from tickless.sw.quantization.quantize import quantize
from tickless.sw.study.runs import JOBS, side_by_side, store, stored
from tickless.sw.training.experiment import add_experiment, read_experiment
from tickless.sw.training.settings import Settings
from tickless.sw.training.trainer import Trainer

__all__ = ["HeldOutScore", "add_options", "hold_out", "judge", "main", "summary", "wilson"]


@dataclass(frozen=True)
class HeldOutScore:
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


def hold_out(settings: Settings, parts: int) -> tuple[Recordings, Recordings, Recordings]:
    """Training recordings without every ``parts``-th, simulated samples, and what is kept aside.

    The seed says which part is kept aside, ``seed % parts``, so that as many seeds in a row are all
    parts. No simulated sample is of an image that a recording kept aside shows.
    """
    recordings = load(settings.dataset, "train")
    indices = np.arange(len(recordings))
    number = settings.seed % parts
    aside = recordings.part(indices[number::parts])
    kept = recordings.part(np.delete(indices, np.s_[number::parts]))
    return kept, simulated(settings.dataset, settings.simulated, aside.keys), aside


def judge(settings: Settings, parts: int, state: Path | None = None) -> HeldOutScore:
    """Train without one part, as of `hold_out`, and judge on it.

    Parameters
    ----------
    state : Path, optional
        See `sw.training.trainer.Trainer`.
    """
    kept, extra, aside = hold_out(settings, parts)
    checkpoint = Trainer(settings, kept, extra, state).run()
    source = FrameSource(aside, SENSORS[settings.dataset])
    network = quantize(checkpoint.model, settings.weight_bits, settings.resolution)
    floating, integer = (score_events(model, aside) for model in (checkpoint.model, network))
    shares = {
        "time_stepped": score_steps(checkpoint.model, source, settings.steps),
        "float_events": floating.accuracy,
        "integer": integer.accuracy,
    }
    right = {name: round(share * len(aside)) for name, share in shares.items()}
    return HeldOutScore(len(aside), right, max(integer.events), integer.sops)


def wilson(right: int, samples: int) -> tuple[float, float]:
    """95 % interval of a share, by Wilson's score."""
    interval = binomtest(right, samples).proportion_ci(0.95, "wilson")
    return float(interval.low), float(interval.high)


def summary(parts: Sequence[HeldOutScore]) -> str:
    """Table of all parts together."""
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
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_experiment(parser)
    parser.add_argument("--parts", type=int, default=8, help="parts of the training recordings (8)")
    parser.add_argument("--part", type=int, help="this one alone, from 0; by default all")
    parser.add_argument(
        "--output", type=Path, help="folder; build/cross-validation/EXPERIMENT if not given"
    )
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"parts side by side ({JOBS})")


def main(options: argparse.Namespace) -> int:
    """Run the parts that are not there yet, and sum up all that are."""
    settings = read_experiment(options.experiment, options.set)
    if settings.target != "events":
        raise InputError(f"target = {settings.target!r}: expected 'events'")
    if options.parts < 2 or not 0 <= (options.part or 0) < options.parts:
        raise InputError(
            f"parts = {options.parts}, part = {options.part}: expected at least 2 parts, and "
            "one of them, from 0"
        )
    output = options.output or Path("build/cross-validation") / Path(options.experiment).stem
    output.mkdir(parents=True, exist_ok=True)
    wanted = range(options.parts) if options.part is None else [options.part]
    # The first seed that keeps this part aside.
    seeds = [settings.seed + (number - settings.seed) % options.parts for number in wanted]
    runs = [(replace(settings, seed=seed), options.parts, output) for seed in seeds]
    done = side_by_side(_part, runs, options.jobs, "parts")
    print(summary(done))
    return 0


def _part(settings: Settings, parts: int, output: Path) -> HeldOutScore:
    """A part's score, from its file if it was made with the same settings."""
    number = settings.seed % parts
    path = output / f"{number}-of-{parts}.json"
    found = stored(path, settings, "part")
    if found is not None:
        return HeldOutScore(**found)
    print(f"part {number} of {parts}", file=sys.stderr)
    state = path.with_suffix(".state")
    part = judge(settings, parts, state)
    store(path, settings, "part", part)
    state.unlink(missing_ok=True)
    return part
