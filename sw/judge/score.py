"""Score of a network event by event: what it does with each sample, and the means."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.sw.data.losses import DroppedWarning, Lost, dropped_text

__all__ = ["EventCounts", "EventScore"]


@dataclass(frozen=True, eq=False)
class EventCounts:
    """What a network does event by event with each of some samples.

    Members
    -------
    right : list of bool
        Whether the largest logit is that of the label.
    events : list of list of int
        Events into each layer, the readout included.
    sops : list of int
        Synaptic operations.
    lost : list of Lost
        Events outside the sensor, which are dropped.
    """

    right: list[bool]
    events: list[list[int]]
    sops: list[int]
    lost: list[Lost]


@dataclass(frozen=True)
class EventScore:
    """What a network does event by event with a set of samples.

    Members
    -------
    accuracy : float
        Share of samples whose largest logit is that of their label.
    samples : int
        Number of samples.
    events : tuple of float
        Mean events a sample into each layer, the readout included.
    sops : float
        Mean synaptic operations a sample.
    dropped : float
        Mean events a sample outside the sensor, which are dropped.
    dropped_warning : str or None
        What is to be said where samples lose many.
    """

    accuracy: float
    samples: int
    events: tuple[float, ...]
    sops: float
    dropped: float = 0.0
    dropped_warning: str | None = None

    @classmethod
    def of(cls, parts: Sequence[EventCounts]) -> "EventScore":
        """Score of all samples of some parts."""
        right = [each for part in parts for each in part.right]
        events = np.mean([each for part in parts for each in part.events], axis=0)
        sops = np.mean([each for part in parts for each in part.sops])
        means = tuple(float(mean) for mean in events)
        lost = [each for part in parts for each in part.lost]
        dropped = float(np.mean([each.dropped for each in lost]))
        share = float(np.mean(right))
        return cls(share, len(right), means, float(sops), dropped, dropped_text(lost))

    def warn(self) -> None:
        """`DroppedWarning` if samples lose many events."""
        if self.dropped_warning is not None:
            warnings.warn(self.dropped_warning, DroppedWarning, stacklevel=2)
