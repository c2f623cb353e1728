"""Early exit on recordings kept aside, its margin chosen on those of other parts.

A network that is trained to answer early is sooner sure of its training recordings than of others:
a margin that these choose is too small.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.network import Network
from tickless.sw.judge.exits import TRIED, first_within, median_lead, tried_exits

__all__ = ["CrossExit", "HeldOutExit", "cross_exit", "held_out_exits"]

MEASURING = 200
"""Training recordings that the median lead is taken of, at most."""


@dataclass(frozen=True)
class HeldOutExit:
    """Early exit of one network at one margin, on recordings that its training never saw.

    Members
    -------
    share : float or None
        The margin, as a share of the median lead at END of training recordings; None never decides.
    right : int
        Recordings classified rightly.
    sops : float
        Mean synaptic operations a recording.
    """

    share: float | None
    right: int
    sops: float


@dataclass(frozen=True)
class CrossExit:
    """Early exit of the networks of all parts, each at the margin that the other parts choose.

    Members
    -------
    right : int
        Recordings classified rightly.
    sops : float
        Mean synaptic operations a recording.
    shares : tuple of float or None
        The margins, as of `HeldOutExit`; None where all of them lose more.
    """

    right: int
    sops: float
    shares: tuple[float | None, ...]


def held_out_exits(network: Network, kept: Recordings, aside: Recordings) -> list[HeldOutExit]:
    """Exits at `TRIED` margins, the smallest first; the last one never decides.

    Parameters
    ----------
    kept, aside : Recordings
        What the network was trained on, and what it has not seen.
    """
    exits = tried_exits(network, aside, median_lead(network, kept.evenly(MEASURING)))
    shares = (*TRIED, None)
    return [
        HeldOutExit(share, round(exit.accuracy * len(aside)), exit.sops)
        for share, exit in zip(shares, exits, strict=True)
    ]


def cross_exit(
    parts: Sequence[Sequence[HeldOutExit]], samples: Sequence[int], most_lost: float
) -> CrossExit:
    """Early exit over all parts.

    Parameters
    ----------
    parts : sequence of sequence of HeldOutExit
        At least two, each as of `held_out_exits`.
    samples : sequence of int
        Recordings of each.
    most_lost : float
        Share of their recordings that the other parts may lose by a margin that they choose.
    """
    chosen = []
    for place in range(len(parts)):
        others = [exits for other, exits in enumerate(parts) if other != place]
        counted = sum(samples) - samples[place]
        right = [sum(exit.right for exit in exits) for exits in zip(*others, strict=True)]
        first = first_within(right, most_lost * counted)
        chosen.append(parts[place][-1 if first is None else first])
    sops = sum(exit.sops * count for exit, count in zip(chosen, samples, strict=True))
    return CrossExit(
        sum(exit.right for exit in chosen),
        sops / sum(samples),
        tuple(exit.share for exit in chosen),
    )
