"""Decoded file: the events of a recording as its file has them, before any network's sensor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from tickless.sw.data.events import EventsError

__all__ = ["Decoded", "FileError", "unwrapped", "whole_records"]


class FileError(EventsError):
    """A file that holds no sound recording; the message names file, byte offset and what was
    expected."""

    def __init__(self, path: Path, offset: int, expected: str):
        super().__init__(f"{path}: offset {offset}: expected {expected}")


@dataclass(frozen=True, eq=False)
class Decoded:
    """Events of one file.

    Members
    -------
    format : str
        Name of the format and its version.
    t_us : numpy.ndarray
        int64 ``[n]``: microseconds, never falling, from whatever beginning the file has.
    x, y : numpy.ndarray
        int32 ``[n]``: column and row.
    on : numpy.ndarray
        bool ``[n]``: whether it became brighter.
    size : tuple of int or None
        Width and height of the sensor, where the file states them.
    notes : tuple of str
        What was left out or taken for granted.
    flaws : tuple of str
        What is wrong with the file, and was repaired or left out.
    """

    format: str
    t_us: np.ndarray
    x: np.ndarray
    y: np.ndarray
    on: np.ndarray
    size: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    flaws: tuple[str, ...] = ()

    def only(self, which: "np.ndarray | slice") -> "Decoded":
        """The same with some of its events alone: a mask, an order or a part."""
        columns = {name: getattr(self, name)[which] for name in ("t_us", "x", "y", "on")}
        return replace(self, **columns)

    def __len__(self) -> int:
        return len(self.t_us)

    def flawed(self, *flaws: str) -> "Decoded":
        """The same with further flaws."""
        return replace(self, flaws=(*self.flaws, *flaws))

    def inside(self, path: Path) -> "Decoded":
        """The same without events outside the sensor that the file states, which is a flaw.

        Raises
        ------
        FileError
            If they are most of the events.
        """
        if self.size is None:
            return self
        width, height = self.size
        kept = (self.x < width) & (self.y < height) & (self.x >= 0) & (self.y >= 0)
        outside = len(self) - int(kept.sum())
        if not outside:
            return self
        text = f"{outside:,} of {len(self):,} events lie outside the sensor of {width}x{height}"
        if 2 * outside > len(self):
            raise FileError(path, 0, f"events of the sensor that the file states, but {text}")
        columns = {name: getattr(self, name)[kept] for name in ("t_us", "x", "y", "on")}
        return replace(self, **columns).flawed(f"{text}: they are left out")

    def in_order(self) -> "Decoded":
        """The same with times that never fall: events are sorted where they do, equal times keep
        the file's order."""
        falls = int((self.t_us[1:] < self.t_us[:-1]).sum())
        if not falls:
            return self
        order = np.argsort(self.t_us, kind="stable")
        columns = {name: getattr(self, name)[order] for name in ("t_us", "x", "y", "on")}
        return replace(self, **columns).flawed(
            f"time ran backwards {falls:,} times: sorted by time"
        )


def whole_records(
    raw: bytes | memoryview, start: int, size: int
) -> tuple[memoryview, Sequence[str]]:
    """Whole records of a size behind an offset, and a flaw where the last one is cut."""
    end = start + (len(raw) - start) // size * size
    flaws = []
    if end != len(raw):
        flaws.append(f"offset {end}: {len(raw) - end} bytes of a record of {size}: the end is cut")
    return memoryview(raw)[start:end], flaws


def unwrapped(counts: np.ndarray, bits: int) -> np.ndarray:
    """Counts, int64, that go on where a counter of some bits began anew."""
    wide = counts.astype(np.int64)
    wraps = np.flatnonzero(wide[:-1] - wide[1:] > 1 << (bits - 1)) + 1
    for number, (start, end) in enumerate(pairwise([*wraps, len(wide)]), start=1):
        wide[start:end] += number << bits
    return wide
