"""Windows of a stream: events that become one sample."""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from tickless.errors import InputError
from tickless.host.stream.arrival import Arrival
from tickless.sw.data.fitting import Window
from tickless.sw.data.formats.decoded import Decoded

__all__ = ["MOST_EVENTS", "WAITING", "Cutter", "StreamWindow", "WaitingWindows"]

MOST_EVENTS = 1_000_000
"""Events of the largest window: memory stays bounded, however many come in its time."""

WAITING = 8
"""Windows that wait at most: a newer one takes the place of the oldest."""


@dataclass(frozen=True, eq=False)
class StreamWindow:
    """Window of a stream.

    Members
    -------
    number : int
        Counts from 0; windows that are shed have numbers, too.
    events : Decoded
        Its events.
    at_s : float
        By `time.monotonic`, when its last event had come.
    begins : bool
        Whether time begins anew with it, or with one before it that was shed.
    """

    number: int
    events: Decoded
    at_s: float
    begins: bool = False


class Cutter:
    """Cuts a stream into windows, as `sw.data.fitting.Fitting` cuts a recording.

    A window by time ends when an event behind it comes, one by events with its last event, and each
    where time begins anew or the stream ends. Windows without events are none.

    Parameters
    ----------
    window : Window
        Their length.

    Members
    -------
    events : int
        Events in the open window.
    beyond : int
        Events left out because their window had `MOST_EVENTS` already.
    """

    def __init__(self, window: Window):
        if window.events is not None and window.events > MOST_EVENTS:
            raise InputError(f"window = {window.events}events: expected at most {MOST_EVENTS}")
        self._window = window
        self._parts: list[Decoded] = []
        self._number = 0
        self._origin_us: int | None = None  # where windows by time begin to be counted
        self._place = 0  # of the open window, counted from there
        self._at_s = 0.0
        self._begins = True
        self.events = self.beyond = 0

    def add(self, arrival: Arrival) -> list[StreamWindow]:
        """Windows that events end."""
        closed = self.end() if arrival.begins else []
        events = arrival.events
        if not len(events):
            return closed
        if self._window.us is not None:
            if self._origin_us is None:
                self._origin_us = int(events.t_us[0])
            places = (events.t_us - self._origin_us) // self._window.us
            cuts = (np.flatnonzero(np.diff(places)) + 1).tolist()
            for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
                if places[start] != self._place:
                    closed += self._close()
                    self._place = int(places[start])
                self._take(events.only(slice(start, end)), arrival.at_s)
            return closed
        size = self._window.events
        assert size is not None
        start = 0
        while start < len(events):
            end = start + size - self.events
            self._take(events.only(slice(start, end)), arrival.at_s)
            start = end
            if self.events == size:
                closed += self._close()
        return closed

    def end(self) -> list[StreamWindow]:
        """The open window, which ends; time begins anew behind it."""
        closed = self._close()
        self._origin_us, self._place, self._begins = None, 0, True
        return closed

    def _take(self, events: Decoded, at_s: float) -> None:
        kept = events.only(slice(MOST_EVENTS - self.events))
        self.beyond += len(events) - len(kept)
        if len(kept):
            self._parts.append(kept)
            self.events += len(kept)
            self._at_s = at_s

    def _close(self) -> list[StreamWindow]:
        if not self._parts:
            return []
        events, *others = self._parts
        if others:
            columns = {
                name: np.concatenate([getattr(part, name) for part in self._parts])
                for name in ("t_us", "x", "y", "on")
            }
            events = replace(events, **columns)
        closed = StreamWindow(self._number, events, self._at_s, self._begins)
        self._number += 1
        self._parts, self.events, self._begins = [], 0, False
        return [closed]


class WaitingWindows:
    """Windows that wait for a target, `WAITING` at most: when one more comes the oldest is shed.

    Members
    -------
    shed_windows, shed_events : int
        Windows shed, and their events.
    """

    def __init__(self):
        self._windows: deque[StreamWindow] = deque()
        self.shed_windows = self.shed_events = 0

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def events(self) -> int:
        """Events in all that wait."""
        return sum(len(window.events) for window in self._windows)

    def add(self, window: StreamWindow) -> None:
        """Let a window wait."""
        if len(self._windows) == WAITING:
            oldest = self._windows.popleft()
            self.shed_windows += 1
            self.shed_events += len(oldest.events)
            if oldest.begins:
                self._windows[0] = replace(self._windows[0], begins=True)
        self._windows.append(window)

    def take(self) -> StreamWindow | None:
        """The window that has waited longest; None for none."""
        return self._windows.popleft() if self._windows else None
