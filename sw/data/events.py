"""Ordered event list: the one representation of a sample."""

from dataclasses import dataclass

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Shape

__all__ = ["UNLABELLED", "Events", "EventsError", "of_this_camera"]

UNLABELLED = -1
"""Label of a recording whose class is not known."""


class EventsError(InputError):
    """Invalid event list or recording; the message names what, where and what was expected."""


@dataclass(frozen=True, eq=False)
class Events:
    """Events of one sample, in the order in which they are consumed.

    Order is all that the network knows: time stamps place events into frames for training and
    are dropped then. Events with equal time stamps keep the order given here, that of their file.
    Addresses outside the sensor are legal: whoever consumes the list drops and counts them.

    Parameters
    ----------
    channel, y, x : numpy.ndarray
        int32 ``[events]``; a camera's channel is the polarity, 1 for rising brightness.
    t_us : numpy.ndarray
        int64 ``[events]``: microseconds since the start of the sample, never falling.
    sensor : Shape
        Extent ``(channels, height, width)`` of the sensor.
    """

    channel: np.ndarray
    y: np.ndarray
    x: np.ndarray
    t_us: np.ndarray
    sensor: Shape

    def __post_init__(self):
        sensor = self.sensor
        if (
            type(sensor) is not tuple
            or len(sensor) != 3
            or any(type(extent) is not int or extent < 1 for extent in sensor)
        ):
            raise EventsError(f"sensor = {sensor!r}: expected 3 positive integers")
        for name, dtype in (
            ("channel", np.int32),
            ("y", np.int32),
            ("x", np.int32),
            ("t_us", np.int64),
        ):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise EventsError(f"{name}: expected a vector of {np.dtype(dtype)}, got {array!r}")
            if len(array) != len(self.t_us):
                raise EventsError(
                    f"{name}: expected {len(self.t_us)} entries as in t_us, got {len(array)}"
                )
        falls = np.flatnonzero(np.diff(self.t_us) < 0)
        if len(falls):
            index = int(falls[0]) + 1
            raise EventsError(
                f"t_us[{index}] = {self.t_us[index]}: expected at least {self.t_us[index - 1]}, "
                "the time stamp before it"
            )
        for array in (self.channel, self.y, self.x, self.t_us):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.t_us)

    @property
    def addresses(self) -> np.ndarray:
        """int32 ``[events, 3]``: rows ``(channel, y, x)``, in order."""
        return np.stack((self.channel, self.y, self.x), axis=1)

    @property
    def inside(self) -> np.ndarray:
        """bool ``[events]``: whether the sensor has the address."""
        return np.all((self.addresses >= 0) & (self.addresses < self.sensor), axis=1)


def of_this_camera(events: Events, where: object) -> Events:
    """The events, if at least half of them lie inside the sensor.

    Raises
    ------
    EventsError
        If most lie outside: the recording is another camera's.
    """
    outside = len(events) - int(events.inside.sum())
    if outside > len(events) / 2:
        _, height, width = events.sensor
        raise EventsError(
            f"{where}: {outside:,} of {len(events):,} events lie outside the sensor of "
            f"{width}x{height} pixels: expected a recording of this camera"
        )
    return events
