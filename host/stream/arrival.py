"""What a source of a stream gives, and the order of its time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from tickless.sw.data.formats.decoded import Decoded

__all__ = ["RESTART_US", "Arrival", "Source", "TimeOrder"]

RESTART_US = 1_000_000
"""Time that falls by no more is a late event's; by more, it begins anew."""

PIECE = 1 << 11
"""Events that are looked at together: time that falls at every event costs no square of them."""


@dataclass(frozen=True, eq=False)
class Arrival:
    """Events that were taken together.

    Members
    -------
    events : Decoded
        Events; behind a `TimeOrder` their time never falls.
    at_s : float
        By `time.monotonic`, when they began to be taken: none of them waited for longer here.
    begins : bool
        Whether time begins anew with them.
    """

    events: Decoded
    at_s: float
    begins: bool = False

    def with_events(self, events: Decoded) -> "Arrival":
        """The same with other events."""
        return replace(self, events=events)


class Source(Protocol):
    """Where a stream comes from.

    Members
    -------
    handle : Any
        What `multiprocessing.connection.wait` finds ready when there is something to read; None
        where time alone tells.
    period_s : float
        Least time between two reads, so that much is taken at once.
    time_bits : int or None
        Width of the time stamps; None where the times need no unwrapping.
    ended : bool
        Whether no more will come.
    malformed : int
        Pieces so far that were no events, and were left out.
    datagrams, lost : int
        Datagrams so far, and those that the system had no room for; 0 of other sources.
    notes : tuple of str
        What was repaired or left out of recordings.
    """

    handle: Any
    period_s: float

    @property
    def time_bits(self) -> int | None: ...

    @property
    def ended(self) -> bool: ...

    @property
    def malformed(self) -> int: ...

    @property
    def datagrams(self) -> int: ...

    @property
    def lost(self) -> int: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def read(self) -> list[Arrival]:
        """What has come; nothing is waited for."""
        ...


class TimeOrder:
    """Order of time: stamps that wrap go on, late events take the latest time, and where time falls
    far, it begins anew.

    Events keep the order in which they came. One that is earlier than another before it, by
    `RESTART_US` at most, is late: it counts as of that other's time. By more, its sender has begun
    anew.

    Members
    -------
    late, restarts : int
        Late events, and how often time began anew.
    """

    def __init__(self):
        self.late = self.restarts = 0
        self._count: int | None = None  # latest stamp, as it came
        self._wraps = 0
        self._latest: int | None = None

    def follow(self, arrival: Arrival, bits: int | None) -> Iterator[Arrival]:
        """The same events with times that never fall, in a part for each beginning of time."""
        events = arrival.events
        if not len(events):
            return
        times = events.t_us if bits is None else self._unwrapped(events.t_us, bits)
        begins = arrival.begins
        start = 0
        while start < len(times):
            piece = times[start : start + PIECE]
            if begins or self._latest is None:
                self._latest = int(piece[0])
            latest = np.maximum(np.maximum.accumulate(piece), self._latest)
            behind = latest - piece
            far = np.flatnonzero(behind > RESTART_US)
            count = int(far[0]) if len(far) else len(piece)
            if count:
                self.late += int((behind[:count] > 0).sum())
                self._latest = int(latest[count - 1])
                part = events.only(slice(start, start + count))
                yield Arrival(replace(part, t_us=latest[:count]), arrival.at_s, begins)
            begins = count < len(piece)
            self.restarts += begins
            start += count

    def _unwrapped(self, counts: np.ndarray, bits: int) -> np.ndarray:
        """Times of a counter of some bits: a step of more than half its range is a wrap, back or
        forth."""
        before = int(counts[0]) if self._count is None else self._count
        steps = np.diff(counts, prepend=before)
        half = 1 << (bits - 1)
        wraps = self._wraps + np.cumsum((steps < -half).astype(int) - (steps > half))
        self._count, self._wraps = int(counts[-1]), int(wraps[-1])
        return counts + (wraps << bits)
