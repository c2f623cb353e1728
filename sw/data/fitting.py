"""Fitting: from a file's events to those of a network's sensor, never in silence."""

import re
from dataclasses import dataclass

import numpy as np

from tickless.errors import InputError
from tickless.sw.data.events import Events, EventsError
from tickless.sw.data.formats.decoded import Decoded
from tickless.sw.integer.geometry import Shape

__all__ = ["POLARITIES", "Fitting", "Window", "parse_crop", "parse_window"]

POLARITIES = ("both", "merge", "on")
"""What becomes of OFF events: a channel of their own, the same as ON ones, or left out."""

MOST_DOWNSAMPLE = 1024
"""Below the extents of any camera, of which one pixel would be left."""

MOST_OUTSIDE = 0.5
"""Share of a recording's events outside the sensor beyond which it counts as another camera's."""

LONGEST = 1 << 53
"""Most microseconds, or events, of a window: beyond all times of recordings."""


@dataclass(frozen=True)
class Window:
    """Length of the samples that one recording is cut into: exactly one of the two.

    Members
    -------
    us : int or None
        Microseconds.
    events : int or None
        Events.
    """

    us: int | None = None
    events: int | None = None

    def starts(self, t_us: np.ndarray) -> list[int]:
        """Places of the first event of each such length of a recording; those without events are
        none.

        Parameters
        ----------
        t_us : numpy.ndarray
            Microseconds of its events, never falling.
        """
        if not len(t_us):
            return []
        if self.events is not None:
            return list(range(0, len(t_us), self.events))
        assert self.us is not None
        return np.flatnonzero(np.diff((t_us - t_us[0]) // self.us, prepend=-1)).tolist()


@dataclass(frozen=True)
class Fitting:
    """What is done to a recording that a network's sensor does not fit as it is.

    Members
    -------
    crop : tuple of int or None
        ``(x, y, width, height)`` of the part that is kept; its corner becomes (0, 0).
    downsample : int
        Columns and rows of the camera, behind the crop, for one of the sensor's.
    polarity : str or None
        One of `POLARITIES`; by default both for a sensor of two channels, and nothing for one.
    window : Window or None
        Length of samples; by default a recording is one.
    allow_outside : bool
        Whether more than half of the events may lie outside the sensor.
    """

    crop: tuple[int, int, int, int] | None = None
    downsample: int = 1
    polarity: str | None = None
    window: Window | None = None
    allow_outside: bool = False

    def __post_init__(self):
        if not 1 <= self.downsample <= MOST_DOWNSAMPLE:
            raise InputError(f"downsample = {self.downsample}: expected 1 to {MOST_DOWNSAMPLE}")

    def fit(self, decoded: Decoded, sensor: Shape, where: str) -> list[Events]:
        """Samples of a recording: one, or one a window with events in it.

        Events outside the sensor stay in the list: whoever consumes it drops and counts them. Time
        counts from each sample's beginning.

        Raises
        ------
        EventsError
            If the camera, its polarities or most of the events do not fit; the message names the
            option that helps.
        """
        channels, height, width = sensor
        taken = self.taken(decoded, channels)
        x, y, on, t_us = taken.x, taken.y, taken.on, taken.t_us
        size = decoded.size
        if self.crop is not None:
            left, top, wide, high = self.crop
            if not len(taken):
                raise EventsError(f"{where}: crop = {self.crop}: no event lies in it")
            x, y = x - left, y - top
            size = (wide, high)
        if self.downsample > 1:
            x, y = x // self.downsample, y // self.downsample
            if size is not None:
                size = (-(-size[0] // self.downsample), -(-size[1] // self.downsample))
        if size is not None and (size[0] > width or size[1] > height) and not self.allow_outside:
            raise EventsError(
                f"{where}: its sensor has {size[0]}x{size[1]} pixels, the network's "
                f"{width}x{height}: give --crop X,Y,WIDTHxHEIGHT, --downsample N or both"
            )
        channel = self._channels(on, channels, where)
        outside = int(((x >= width) | (y >= height)).sum())
        if outside > MOST_OUTSIDE * len(x) and not self.allow_outside:
            raise EventsError(
                f"{where}: {outside:,} of {len(x):,} events lie outside the network's sensor of "
                f"{width}x{height} pixels: give --crop, --downsample, or --allow-outside, which "
                "drops them"
            )
        rows, x = y.astype(np.int32), x.astype(np.int32)
        return [
            Events(channel[part], rows[part], x[part], t_us[part] - begin, sensor)
            for part, begin in self._parts(t_us)
        ]

    def taken(self, decoded: Decoded, channels: int) -> Decoded:
        """Those of a camera's events, as they are, that a sample is made of: inside the crop, and
        ON where OFF events are left out."""
        if self.crop is not None:
            left, top, wide, high = self.crop
            x, y = decoded.x, decoded.y
            decoded = decoded.only((x >= left) & (x < left + wide) & (y >= top) & (y < top + high))
        if channels == 1 and self.polarity == "on":
            decoded = decoded.only(decoded.on)
        return decoded

    def _channels(self, on: np.ndarray, channels: int, where: str) -> np.ndarray:
        polarity = self.polarity or ("both" if channels == 2 else None)
        if channels > 2 or polarity is None or (polarity == "both") != (channels == 2):
            wanted = {1: "--polarity merge or --polarity on", 2: "--polarity both"}
            raise EventsError(
                f"{where}: the network's sensor has {channels} channels, and polarity is "
                f"{polarity or 'not chosen'}: expected "
                f"{wanted.get(channels, 'a network of 1 or 2 channels')}"
            )
        return on.astype(np.int32) if channels == 2 else np.zeros(len(on), np.int32)

    def _parts(self, t_us: np.ndarray) -> list[tuple[slice, int]]:
        """Places of each sample's events, and the time at which it begins."""
        window = self.window
        if not len(t_us) or window is None:
            return [(slice(None), int(t_us[0]) if len(t_us) else 0)]
        starts = window.starts(t_us)
        begins = t_us[starts]
        if window.us is not None:
            begins = begins - (begins - t_us[0]) % window.us
        ends = [*starts[1:], len(t_us)]
        return [
            (slice(at, end), begin)
            for at, end, begin in zip(starts, ends, begins.tolist(), strict=True)
        ]


def parse_crop(text: str) -> tuple[int, int, int, int]:
    """Crop of a text ``X,Y,WIDTHxHEIGHT``; InputError if it has another form."""
    match = re.fullmatch(r"(\d+),(\d+),([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise InputError(f"crop = {text!r}: expected X,Y,WIDTHxHEIGHT, as in 100,80,128x128")
    x, y, width, height = map(int, match.groups())
    return x, y, width, height


def parse_window(text: str, name: str = "window") -> Window:
    """Window of a text as ``100ms`` or ``5000events``; InputError, with the name of what is wrong,
    if it has another form."""
    match = re.fullmatch(r"([1-9]\d*)(us|ms|s|events)", text)
    if match is None:
        raise InputError(f"{name} = {text!r}: expected a length as 100ms, 2s or 5000events")
    unit = match[2]
    number = int(match[1]) * {"us": 1, "ms": 1_000, "s": 1_000_000, "events": 1}[unit]
    if number > LONGEST:
        raise InputError(f"{name} = {text!r}: expected at most {LONGEST} us or events")
    return Window(events=number) if unit == "events" else Window(us=number)
