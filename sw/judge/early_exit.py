"""Early exit: accuracy against what is consumed, for a range of margins.

Event by event by the lead of the largest logit, and, where the float network lies beside, its
counterpart in time steps.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from tqdm import tqdm

from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import Recordings
from tickless.sw.data.frames import FrameSource
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network
from tickless.sw.judge.options import add_network, judging_samples
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
    """

    margin: float
    accuracy: float
    decided: float
    consumed: float
    sops: float = float("nan")


def event_exits(
    network: Network, recordings: Recordings, margins: Sequence[int] | None = None
) -> list[Exit]:
    """Exits event by event; the last one has a margin of infinity, which never decides.

    Parameters
    ----------
    margins : sequence of int, optional
        `SHARES` of the median lead by default.
    """
    pairs = [
        (events.addresses, label) for events, label in tqdm(recordings, "recordings", leave=False)
    ]
    whole = [engine.run(network, addresses) for addresses, _ in tqdm(pairs, "whole", leave=False)]
    if margins is None:
        leads = [np.diff(np.sort(trace.logits)[-2:]).item() for trace in whole]
        margins = [int(share * np.median(leads)) for share in SHARES]
    exits = []
    for margin in [*margins, None]:
        traces = whole
        if margin is not None:
            name = f"margin {margin:,}"
            traces = [
                engine.run(network, addresses, (), margin)
                for addresses, _ in tqdm(pairs, name, leave=False)
            ]
        right = [
            trace.class_index == label for trace, (_, label) in zip(traces, pairs, strict=True)
        ]
        events = [trace.dropped + trace.layers[0].events for trace in traces]
        exits.append(
            Exit(
                margin=np.inf if margin is None else margin,
                accuracy=float(np.mean(right)),
                decided=float(np.mean([trace.decision is not None for trace in traces])),
                consumed=float(np.mean(events)),
                sops=float(np.mean([trace.sops for trace in traces])),
            )
        )
    return exits


@torch.no_grad()
def step_exits(model: SpikingNetwork, recordings: Recordings, steps: int = STEPS) -> list[Exit]:
    """Exits in time steps: after the first step of ``steps`` by which the lead is large enough.

    This is the dynamic time step of SEENN (Li et al., NeurIPS 2023) with the lead of the largest
    logit for its confidence. Margins are shares of the median lead, as event by event. The steps
    are cut from the whole sample, whose length a chip would not know before its end.
    """
    model.eval()
    source = FrameSource(recordings, model.sensor)
    frames = source.frames(np.arange(len(source)), steps)
    # What a network has made of the first steps does not change with those that come.
    logits = torch.stack(
        [model(frames[: step + 1])[0] for step in tqdm(range(steps), "time steps", leave=False)]
    )
    best = logits.topk(2, dim=2)
    leads, classes = (best.values[..., 0] - best.values[..., 1]).numpy(), best.indices[..., 0]
    right = (classes == source.labels).numpy()
    columns = np.arange(len(source))
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
        f"{'margin':>12}{'accuracy':>10}{'decided':>9}{unit:>10}{'share':>8}{'SOPs':>12}",
    ]
    for item in exits:
        margin = f"{item.margin:,.4g}" if item.margin < 1000 else f"{item.margin:,.0f}"
        sops = "" if np.isnan(item.sops) else f"{item.sops:12,.0f}{item.sops / whole.sops:8.1%}"
        lines.append(
            f"{margin:>12}{item.accuracy:10.2%}{item.decided:9.1%}{item.consumed:10,.1f}"
            f"{item.consumed / whole.consumed:8.1%}{sops}"
        )
    return "\n".join(lines)


def plot(event: Sequence[Exit], steps: Sequence[Exit], path: Path) -> None:
    """Accuracy against the share of events, of SOPs and of time steps, to a picture."""
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
            x = [100 * getattr(item, name) / whole for item in exits]
            y = [100 * item.accuracy for item in exits]
            axes.plot(x, y, "o-", ms=3.5, lw=1.2, color=colour, label=label)
    axes.set_xlabel("consumed, % of the whole sample")
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_network(parser)
    parser.add_argument("--margins", type=int, nargs="+", help="in integer logit units")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture to write")


def main(options: argparse.Namespace) -> int:
    """Print tables and, on request, draw a picture."""
    network = Network.load(options.network)
    dataset, samples = judging_samples(options, network)
    event = event_exits(network, samples, options.margins)
    checkpoint = Checkpoint.beside(options.network)
    steps = []
    if checkpoint.exists():
        steps = step_exits(Checkpoint.load(checkpoint).model, samples)
    print(table(f"{dataset}, {len(samples)} samples, event by event", "events", event))
    if steps:
        print(table(f"\nin time steps, {STEPS} at most", "steps", steps))
    if options.plot:
        plot(event, steps, options.plot)
        print(f"\nwrote {options.plot}")
    return 0
