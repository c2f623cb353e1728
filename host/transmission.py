"""Samples as the commands that carry them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tickless.host.protocol import Info, encode_events
from tickless.hw.host.messages import Command

__all__ = ["Piece", "Transmission"]

PACE_US = 1000
"""Events of so many microseconds leave together when they leave at their own pace."""


@dataclass(frozen=True, eq=False)
class Transmission:
    """Events to be classified.

    Parameters
    ----------
    addresses : numpy.ndarray
        Integers ``[n, 3]``: ``(channel, y, x)`` in order.
    t_us : numpy.ndarray, optional
        Microseconds since the start of the sample, never falling: no event leaves before its time.
        Where None all leave as soon as they can.
    reads : sequence of int
        Events before each READ, at least 1 and each once.
    """

    addresses: np.ndarray
    t_us: np.ndarray | None = None
    reads: Sequence[int] = ()

    def commands(self, info: Info) -> Iterator[tuple[float, Command, bytes]]:
        """Commands of the sample, each with the seconds after which it is due."""
        count = len(self.addresses)
        cuts = {0, count, *range(0, count, info.events_per_frame)}
        reads = set(self.reads)
        due_s = np.zeros(count)
        if self.t_us is not None:
            cuts.update((np.flatnonzero(np.diff(self.t_us // PACE_US)) + 1).tolist())
            due_s = self.t_us * 1e-6
        events = encode_events(info, self.addresses)
        for start, end in pairwise(sorted(cuts | reads)):
            due = float(due_s[end - 1])
            yield due, Command.EVENTS, events[start:end].tobytes()
            if end in reads:
                yield due, Command.READ, b""
        yield 0.0, Command.END, b""


@dataclass(frozen=True, eq=False)
class Piece:
    """Events of a sample that goes on: a READ asks for the answer so far.

    Parameters
    ----------
    addresses : numpy.ndarray
        Integers ``[n, 3]``: ``(channel, y, x)`` in order.
    """

    addresses: np.ndarray

    def commands(self, info: Info) -> Iterator[tuple[float, Command, bytes]]:
        """As of `Transmission`."""
        events, step = encode_events(info, self.addresses), info.events_per_frame
        for start in range(0, len(events), step):
            yield 0.0, Command.EVENTS, events[start : start + step].tobytes()
        yield 0.0, Command.READ, b""
