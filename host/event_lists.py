"""Event lists as a pass engine reads and writes them: `hw.passes.words`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tickless.errors import InputError
from tickless.hw.passes.words import (
    ADVANCE,
    CHANNEL_BITS,
    COORDINATE_BITS,
    DELTA_BITS,
    EVENT,
    MAX_ADVANCE,
    POSITION,
    Marker,
)

__all__ = ["ListEvent", "ListWriter", "Token", "decode", "encode_recordings"]

HALF, MASK = 1 << DELTA_BITS - 1, (1 << DELTA_BITS) - 1
COORDINATE_MASK = (1 << COORDINATE_BITS) - 1
CHANNEL_MASK = (1 << CHANNEL_BITS) - 1


@dataclass(frozen=True)
class ListEvent:
    """Event of a list.

    Members
    -------
    channel, y, x : int
        Its address.
    index : int
        Index that the list gives it; -1 where the list has none.
    """

    channel: int
    y: int
    x: int
    index: int = -1


Token = ListEvent | Marker
"""What a list consists of."""


class ListWriter:
    """Writer of a list, in as few words as its format has.

    Members
    -------
    words : list of int
        What was written.
    """

    def __init__(self):
        self.words: list[int] = []
        self._y = self._x = 0
        self._index = -1

    def event(self, channel: int, y: int, x: int, index: int = -1) -> None:
        """Write an event; its index is not below that of the event before."""
        while self._index < index:
            step = min(index - self._index, MAX_ADVANCE)
            self.words.append(ADVANCE | step)
            self._index += step
        dy, dx = y - self._y, x - self._x
        if not (-HALF <= dy < HALF and -HALF <= dx < HALF):
            self.words.append(POSITION | y << COORDINATE_BITS | x)
            dy = dx = 0
        delta = (dy & MASK) << DELTA_BITS | dx & MASK
        self.words.append(EVENT | delta << CHANNEL_BITS | channel)
        self._y, self._x = y, x

    def marker(self, marker: Marker) -> None:
        """Write a marker."""
        self.words.append(int(marker))
        if marker == Marker.END:
            self._y = self._x = 0
            self._index = -1


def decode(words: Iterable[int]) -> Iterator[Token]:
    """Events and markers of a list, STOP the last.

    Raises
    ------
    InputError
        If a word is none of a list, or there is no STOP.
    """
    y = x = 0
    index = -1
    for place, word in enumerate(words):
        if word & EVENT:
            delta = word >> CHANNEL_BITS
            y += _signed(delta >> DELTA_BITS)
            x += _signed(delta)
            yield ListEvent(word & CHANNEL_MASK, y, x, index)
        elif word & POSITION:
            y, x = word >> COORDINATE_BITS & COORDINATE_MASK, word & COORDINATE_MASK
        elif word & ADVANCE:
            index += word & MAX_ADVANCE
        elif word in list(Marker):
            yield Marker(word)
            if word == Marker.STOP:
                return
            if word == Marker.END:
                y = x = 0
                index = -1
        else:
            raise InputError(f"word {place} of an event list: {word:#06x} is none of its markers")
    raise InputError("an event list: expected STOP at its end")


def encode_recordings(
    recordings: Sequence[tuple[np.ndarray, Sequence[int]]], shape: tuple[int, int, int]
) -> tuple[list[int], int]:
    """List of a batch of recordings, and how many events lie outside the sensor, which are dropped.

    Parameters
    ----------
    recordings : sequence of tuple
        Events, int32 ``[n, 3]``, and the number of them before each READ, not decreasing.
    shape : tuple of int
        Extent of the sensor.
    """
    out, dropped = ListWriter(), 0
    for events, reads in recordings:
        inside = np.all((events >= 0) & (events < np.array(shape)), axis=1)
        dropped += int((~inside).sum())
        waiting = list(reads)
        for place, (event, kept) in enumerate(zip(events.tolist(), inside.tolist(), strict=True)):
            while waiting and waiting[0] <= place:
                out.marker(Marker.READ)
                waiting.pop(0)
            if kept:
                out.event(*event)
        for _ in waiting:
            out.marker(Marker.READ)
        out.marker(Marker.END)
    out.marker(Marker.STOP)
    return out.words, dropped


def _signed(delta: int) -> int:
    return ((delta & MASK) ^ HALF) - HALF
