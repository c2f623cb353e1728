"""Samples as the commands that carry them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tickless.host.protocol import Info, encode_events
from tickless.hw.host.messages import Command

__all__ = ["Transmission"]

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
    read_every : int, optional
        Events between two READs; None for no READ.
    """

    addresses: np.ndarray
    t_us: np.ndarray | None = None
    read_every: int | None = None

    def commands(self, info: Info) -> Iterator[tuple[float, Command, bytes]]:
        """Commands of the sample, each with the seconds after which it is due."""
        count = len(self.addresses)
        cuts = {0, count, *range(0, count, info.events_per_frame)}
        reads = set()
        if self.read_every is not None:
            reads.update(range(self.read_every, count + 1, self.read_every))
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
