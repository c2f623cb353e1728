"""Intake of a stream: from a source to the windows that wait for a target."""

from dataclasses import dataclass

from tickless.host.stream.arrival import Source, TimeOrder
from tickless.host.stream.windows import Cutter, StreamWindow, WaitingWindows
from tickless.sw.data.fitting import Fitting, Window

__all__ = ["Counts", "Intake"]


@dataclass
class Counts:
    """What became of a stream's events so far.

    Each that was received is one of left out, beyond, shed, handed or waiting.

    Members
    -------
    received : int
        Events that were received.
    left_out : int
        Events outside the crop, or OFF events that were not wanted.
    beyond : int
        Events behind a window's `host.stream.windows.MOST_EVENTS`.
    shed_windows, shed_events : int
        Windows that waited for too long, and their events.
    handed_windows, handed_events : int
        Windows given to the target, and their events.
    waiting_windows, waiting_events : int
        Windows that wait for it, the open one included, and their events.
    late, restarts : int
        Events earlier than one before them, and how often time began anew.
    malformed : int
        Datagrams or lines that were no events, and were left out.
    datagrams, lost : int
        Datagrams that were taken, and those that the system had no room for.
    notes : tuple of str
        What was repaired or left out of recordings.
    """

    received: int = 0
    left_out: int = 0
    beyond: int = 0
    shed_windows: int = 0
    shed_events: int = 0
    handed_windows: int = 0
    handed_events: int = 0
    waiting_windows: int = 0
    waiting_events: int = 0
    late: int = 0
    restarts: int = 0
    malformed: int = 0
    datagrams: int = 0
    lost: int = 0
    notes: tuple[str, ...] = ()


class Intake:
    """Intake of a stream.

    Parameters
    ----------
    source : Source
        Where it comes from.
    window : Window
        Length of its windows.
    fitting : Fitting
        Which of the camera's events are taken.
    channels : int
        Channels of the network's sensor.
    """

    def __init__(self, source: Source, window: Window, fitting: Fitting, channels: int):
        self.source = source
        self._fitting, self._channels = fitting, channels
        self._order, self._cutter, self._waiting = TimeOrder(), Cutter(window), WaitingWindows()
        self._counts = Counts()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether no further event is taken."""
        return self._ended

    @property
    def counts(self) -> Counts:
        """What became of the events so far."""
        counts, source = self._counts, self.source
        counts.beyond = self._cutter.beyond
        counts.shed_windows, counts.shed_events = (
            self._waiting.shed_windows,
            self._waiting.shed_events,
        )
        counts.waiting_windows = len(self._waiting) + (self._cutter.events > 0)
        counts.waiting_events = self._waiting.events + self._cutter.events
        counts.late, counts.restarts = self._order.late, self._order.restarts
        counts.malformed = source.malformed
        counts.datagrams, counts.lost = source.datagrams, source.lost
        counts.notes = source.notes
        return counts

    def read(self) -> None:
        """Take what has come; where the source has ended, its last window ends with it."""
        for arrival in self.source.read():
            self._counts.received += len(arrival.events)
            for ordered in self._order.follow(arrival, self.source.time_bits):
                taken = self._fitting.taken(ordered.events, self._channels)
                self._counts.left_out += len(ordered.events) - len(taken)
                for window in self._cutter.add(ordered.with_events(taken)):
                    self._waiting.add(window)
        if self.source.ended:
            self.end()

    def end(self) -> None:
        """Take no further event."""
        if not self._ended:
            self._ended = True
            for window in self._cutter.end():
                self._waiting.add(window)

    def take(self) -> StreamWindow | None:
        """The window that has waited longest; None for none."""
        window = self._waiting.take()
        if window is not None:
            self._counts.handed_windows += 1
            self._counts.handed_events += len(window.events)
        return window
