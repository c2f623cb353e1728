"""Tally of a stream: rates while it runs, and what became of it in the end."""

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from tickless.host.protocol import Answer
from tickless.host.report import difference
from tickless.host.stream.intake import Counts
from tickless.host.stream.windows import StreamWindow
from tickless.sw.data.events import Events
from tickless.sw.integer.trace import SampleTrace

__all__ = ["Tally"]

RATE_S = 1.0
"""Rates are those of so many seconds at least."""

LATENCIES = 100_000
"""The latest ones, of which median and 99 % are told: memory stays bounded."""


class Tally:
    """Tally of a stream's answers.

    Parameters
    ----------
    clock : callable
        Seconds, as `time.monotonic`.

    Members
    -------
    windows, events : int
        Windows answered, and their events.
    outside : int
        Events of these that lay outside the network's sensor, and were dropped.
    compared, differing : int
        Answers compared with the golden model's, and those that differed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._began_s = self._since_s = clock()
        self._latencies_s: deque[float] = deque(maxlen=LATENCIES)
        self._marks = (0, 0, 0)  # received, answered events and windows when rates were taken
        self._rates = (0.0, 0.0, 0.0)
        self.windows = self.events = self.outside = self.compared = self.differing = 0

    def add(
        self, window: StreamWindow, events: Events, answer: Answer, trace: SampleTrace | None
    ) -> str | None:
        """Count an answer; how it differs from the golden model's, or None."""
        self._latencies_s.append(self._clock() - window.at_s)
        self.windows += 1
        self.events += len(events)
        self.outside += len(events) - int(events.inside.sum())
        wrong = None if trace is None else difference(answer, trace)
        self.compared += trace is not None
        self.differing += wrong is not None
        return wrong

    def latencies_ms(self) -> tuple[float, float]:
        """Median and 99th percentile of the milliseconds from a window's last event to its answer;
        0 before the first."""
        median, most = np.quantile(np.array([*self._latencies_s] or [0.0]), (0.5, 0.99))
        return float(1e3 * median), float(1e3 * most)

    def now(self, counts: Counts) -> str:
        """Rates since they were told before, and the queue."""
        now = self._clock()
        passed = now - self._since_s
        marks = (counts.received, self.events, self.windows)
        if passed >= RATE_S:
            self._rates = tuple(
                (new - old) / passed for new, old in zip(marks, self._marks, strict=True)
            )
            self._since_s, self._marks = now, marks
        received, answered, windows = self._rates
        parts = [
            f"{now - self._began_s:.0f} s: {received:,.0f} events/s in",
            f"{answered:,.0f} answered ({windows:,.1f} windows/s)",
            f"{counts.waiting_windows} waiting",
            f"{counts.shed_windows:,} shed",
        ]
        if counts.malformed:
            parts.append(f"{counts.malformed:,} malformed")
        return ", ".join(parts)

    def summary(self, counts: Counts, pieces: str) -> list[str]:
        """Lines that tell all; ``pieces`` names what is counted as malformed."""
        seconds = self._clock() - self._began_s
        left = counts.handed_windows - self.windows + counts.waiting_windows
        left_events = counts.handed_events - self.events + counts.waiting_events
        median, most = self.latencies_ms()
        lines = [
            f"{counts.received:,} events in {seconds:.1f} s: {counts.received / seconds:,.0f} a "
            "second",
            f"  answered {self.events:12,} in {_windows(self.windows)}",
            f"  shed     {counts.shed_events:12,} in {_windows(counts.shed_windows)}, the oldest "
            "whenever one more came than may wait",
            f"  waiting  {left_events:12,} in {_windows(left)} when it ended",
        ]
        for count, what in (
            (counts.left_out, "outside the crop, or OFF"),
            (counts.beyond, "behind those that a window has room for"),
        ):
            if count:
                lines.append(f"  left out {count:12,} {what}")
        for count, what in (
            (counts.malformed, f"{pieces} malformed: left out"),
            (counts.lost, "datagrams lost: the system had no room for them"),
            (self.outside, "answered events outside the network's sensor: dropped"),
            (counts.late, "events late: taken as of the time before them"),
            (counts.restarts, "times the time fell far: a window began anew"),
        ):
            if count:
                lines.append(f"{count:,} {what}")
        lines += counts.notes
        if self.windows:
            lines.append(
                f"from a window's last event to its answer: median {median:,.1f} ms, 99 % within "
                f"{most:,.1f} ms"
            )
        if self.compared:
            equal = self.compared - self.differing
            lines.append(
                f"agreement with the golden model {equal / self.compared:.2%} ({equal:,} of "
                f"{self.compared:,})"
            )
        return lines


def _windows(count: int) -> str:
    return f"{count:,} window{'s' * (count != 1)}"
