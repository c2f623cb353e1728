"""Early exit: accuracy against what is consumed, for a range of margins.

Event by event by the lead of the largest logit, and, where the float network lies beside, its
counterpart in time steps.
"""

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickless.sw.data.losses import DroppedWarning, dropped_text
from tickless.sw.data.recordings import Recordings, parcels
from tickless.sw.integer.network import Network
from tickless.sw.judge.energy import energy_uj
from tickless.sw.judge.options import (
    PARCEL,
    add_judging,
    float_network,
    judging_samples,
    write_figures,
)
from tickless.sw.outputs import output_file
from tickless.sw.workers import run_tasks

if TYPE_CHECKING:
    from tickless.sw.training.models import SpikingNetwork

__all__ = ["Exit", "add_options", "event_exits", "main", "step_exits"]

SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 1.5)
"""Margins, as shares of the median lead at END."""

STEPS = 20
"""Time steps of the counterpart."""


@dataclass(frozen=True)
class Exit:
    """Early exit at one margin; counts are means per sample.

    Members
    -------
    margin : float
        Lead that decides: in integer logit units, or in those of the float network.
    accuracy : float
        Share of samples classified rightly.
    decided : float
        Share of samples decided before their end.
    consumed : float
        Input events, or time steps, consumed.
    sops : float
        Synaptic operations; not counted in time steps.
    energy_uj : float
        What they take, an estimate: see `sw.judge.energy`.
    dropped : float
        Input events consumed that lie outside the sensor; not counted in time steps.
    dropped_warning : str or None
        What is to be said where samples lose many.
    """

    margin: float
    accuracy: float
    decided: float
    consumed: float
    sops: float = float("nan")
    energy_uj: float = float("nan")
    dropped: float = float("nan")
    dropped_warning: str | None = None


def event_exits(
    network: Network,
    recordings: Recordings,
    margins: Sequence[int] | None = None,
    *,
    jobs: int = 1,
    cluster: str | None = None,
) -> list[Exit]:
    """Exits event by event; the last one has a margin of infinity, which never decides.

    Parameters
    ----------
    margins : sequence of int, optional
        `SHARES` of the median lead by default.
    jobs, cluster : int, str, optional
        See `sw.workers.run_tasks`; the figures are the same.
    """
    from tickless.sw.judge.tasks import early, leads

    parts, where = parcels(recordings, PARCEL), {"jobs": jobs, "cluster": cluster}
    if margins is None:
        tasks = [(network, part) for part in parts]
        found = run_tasks(leads, tasks, title="leads at END", unit="parcels", **where)
        median = np.median([lead for part in found for lead in part])
        margins = [int(share * median) for share in SHARES]
    every = [*margins, None]
    tasks = [(network, part, every) for part in parts]
    found = run_tasks(early, tasks, title="early exit", unit="parcels", **where)
    samples = [sample for part in found for sample in part]
    return [
        Exit(
            margin=np.inf if margin is None else margin,
            accuracy=float(np.mean([item.right for item in items])),
            decided=float(np.mean([item.decided for item in items])),
            consumed=float(np.mean([item.consumed.events for item in items])),
            sops=(sops := float(np.mean([item.sops for item in items]))),
            energy_uj=energy_uj(network, sops),
            dropped=float(np.mean([item.consumed.dropped for item in items])),
            dropped_warning=dropped_text(item.consumed for item in items),
        )
        for margin, items in zip(every, zip(*samples, strict=True), strict=True)
    ]


def step_exits(
    model: "SpikingNetwork",
    recordings: Recordings,
    steps: int = STEPS,
    *,
    jobs: int = 1,
    cluster: str | None = None,
) -> list[Exit]:
    """Exits in time steps: after the first step of ``steps`` by which the lead is large enough.

    This is the dynamic time step of SEENN (Li et al., NeurIPS 2023) with the lead of the largest
    logit for its confidence. Margins are shares of the median lead, as event by event. The steps
    are cut from the whole sample, whose length a chip would not know before its end.

    Parameters
    ----------
    jobs, cluster : int, str, optional
        See `sw.workers.run_tasks`; the figures are the same.
    """
    from tickless.sw.judge.tasks import step_logits

    tasks = [(model, part, steps) for part in parcels(recordings, PARCEL)]
    found = run_tasks(
        step_logits, tasks, jobs=jobs, cluster=cluster, title="time steps", unit="parcels"
    )
    logits = np.concatenate(list(found), axis=1)
    best = np.sort(logits, axis=2)
    leads = best[..., -1] - best[..., -2]
    right = logits.argmax(axis=2) == np.array(recordings.labels)
    columns = np.arange(len(recordings))
    exits = []
    for margin in [*(share * float(np.median(leads[-1])) for share in SHARES), np.inf]:
        enough = leads >= margin
        enough[-1] = True
        last = enough.argmax(axis=0)
        exits.append(
            Exit(
                margin=margin,
                accuracy=float(right[last, columns].mean()),
                decided=float((last < steps - 1).mean()),
                consumed=float(last.mean()) + 1,
            )
        )
    return exits


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
    parser.add_argument("--margins", type=int, nargs="+", help="in integer logit units")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture to write")


def main(options: argparse.Namespace) -> int:
    """Print tables, or write the figures, and on request draw a picture."""
    if options.plot:
        output_file(options.plot)
    network = Network.load(options.network)
    dataset, samples = judging_samples(options, network)
    model = float_network(options.network)
    where = {"jobs": options.jobs, "cluster": options.cluster}
    event = event_exits(network, samples, options.margins, **where)
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
