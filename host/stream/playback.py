"""Recordings as a stream, each event at its time."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from tickless.host.stream.arrival import Arrival
from tickless.sw.data.formats.decoded import Decoded

__all__ = ["PlaybackSource"]


class PlaybackSource:
    """Source that plays recordings, one behind the other, at their own pace; other members as of
    `host.stream.arrival.Source`.

    Parameters
    ----------
    recordings : sequence of (str, callable)
        Name of each, and what decodes it when its turn comes: time begins anew with it.
    clock : callable
        Seconds.
    """

    handle = None
    period_s = 0.002
    time_bits = None
    malformed = datagrams = lost = 0

    def __init__(
        self,
        recordings: Sequence[tuple[str, Callable[[], Decoded]]],
        clock: Callable[[], float] = time.monotonic,
    ):
        self.notes: tuple[str, ...] = ()
        self._left = list(recordings)
        self._clock = clock
        self._recording: Decoded | None = None
        self._place = 0
        self._began_s = 0.0

    @property
    def ended(self) -> bool:
        """Whether all of them are played."""
        return self._recording is None and not self._left

    def read(self) -> list[Arrival]:
        """Events whose time has come."""
        if self.ended:
            return []
        if self._recording is None:
            name, decode = self._left.pop(0)
            self._recording = decode().in_order()
            said = (*self._recording.flaws, *self._recording.notes)
            self.notes += tuple(f"{name}: {text}" for text in said)
            self._place, self._began_s = 0, self._clock()
        recording, start = self._recording, self._place
        now_us = (self._clock() - self._began_s) * 1e6 + recording.t_us[0]
        self._place = int(np.searchsorted(recording.t_us, now_us, "right"))
        if self._place == len(recording):
            self._recording = None
        if self._place == start:
            return []
        events = recording.only(slice(start, self._place))
        return [Arrival(events, time.monotonic(), begins=start == 0)]
