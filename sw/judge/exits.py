"""Early exit: what a network makes of samples for a range of margins.

Event by event by the lead of the largest logit, and its counterpart in time steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tickless.sw.data.losses import dropped_text
from tickless.sw.data.recordings import Recordings, parcels
from tickless.sw.integer.network import Network
from tickless.sw.judge.energy import energy_uj
from tickless.sw.judge.options import PARCEL
from tickless.sw.workers import run_tasks

if TYPE_CHECKING:
    from tickless.sw.training.models import SpikingNetwork

__all__ = [
    "STEPS",
    "TRIED",
    "Exit",
    "choose_margin",
    "event_exits",
    "first_within",
    "median_lead",
    "step_exits",
    "tried_exits",
]

SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 1.5)
"""Margins, as shares of the median lead at END."""

STEPS = 20
"""Time steps of the counterpart."""

TRIED = tuple(0.02 * 1.1**power for power in range(48))
"""Margins that are tried to choose one, as shares of the median lead at END."""


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
        `SHARES` of the median lead at END by default.
    jobs, cluster : int, str, optional
        See `sw.workers.run_tasks`; the figures are the same.
    """
    where = {"jobs": jobs, "cluster": cluster}
    if margins is None:
        median = median_lead(network, recordings, **where)
        margins = [int(share * median) for share in SHARES]
    return _exits(network, recordings, [*margins, None], where)


def choose_margin(
    network: Network,
    recordings: Recordings,
    most_lost: float,
    *,
    jobs: int = 1,
    cluster: str | None = None,
) -> Exit | None:
    """Smallest margin of `TRIED` from which on all lose no more than some accuracy; None if there
    is none.

    Parameters
    ----------
    recordings : Recordings
        What it is chosen on: others than those that it is judged on.
    most_lost : float
        Share of all recordings.
    jobs, cluster : int, str, optional
        See `sw.workers.run_tasks`; the choice is the same.
    """
    where = {"jobs": jobs, "cluster": cluster}
    median = median_lead(network, recordings, **where)
    exits = tried_exits(network, recordings, median, **where)
    right = [round(exit.accuracy * len(recordings)) for exit in exits]
    chosen = first_within(right, most_lost * len(recordings))
    return None if chosen is None else exits[chosen]


def median_lead(
    network: Network, recordings: Recordings, *, jobs: int = 1, cluster: str | None = None
) -> float:
    """Median of the recordings' leads of the largest logit at END, in integer logit units."""
    from tickless.sw.judge.tasks import leads

    tasks = [(network, part) for part in parcels(recordings, PARCEL)]
    where = {"jobs": jobs, "cluster": cluster}
    found = run_tasks(leads, tasks, title="leads at END", unit="parcels", **where)
    return float(np.median([lead for part in found for lead in part]))


def tried_exits(
    network: Network,
    recordings: Recordings,
    median: float,
    *,
    jobs: int = 1,
    cluster: str | None = None,
) -> list[Exit]:
    """Exits event by event at `TRIED` shares of a lead, the smallest first; the last one never
    decides."""
    margins = [int(share * median) for share in TRIED]
    return event_exits(network, recordings, margins, jobs=jobs, cluster=cluster)


def first_within(right: Sequence[int], most_lost: float) -> int | None:
    """Place of the smallest margin from which on all lose no more; None if even the largest does.

    Parameters
    ----------
    right : sequence of int
        Samples classified rightly at each margin, the smallest first; the last without early exit.
    most_lost : float
        How many of these may be lost.
    """
    *exits, whole = right
    losing = [place for place, count in enumerate(exits) if whole - count > most_lost]
    first = losing[-1] + 1 if losing else 0
    return first if first < len(exits) else None


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


def _exits(
    network: Network,
    recordings: Recordings,
    margins: Sequence[int | None],
    where: dict[str, Any],
) -> list[Exit]:
    """Exits event by event at each of some margins, None for no early exit."""
    from tickless.sw.judge.tasks import early

    tasks = [(network, part, margins) for part in parcels(recordings, PARCEL)]
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
        for margin, items in zip(margins, zip(*samples, strict=True), strict=True)
    ]
