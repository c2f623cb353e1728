"""Windows of a stream as samples of a network."""

from dataclasses import replace

import numpy as np

from tickless.host.stream.windows import StreamWindow
from tickless.sw.data.events import Events
from tickless.sw.data.fitting import Fitting
from tickless.sw.data.formats.decoded import Decoded
from tickless.sw.integer.geometry import Shape

__all__ = ["Fit"]


class Fit:
    """Fits the windows of one stream to a network's sensor.

    Where most of the first window lies outside, the camera is another one. Later ones are taken as
    they are: whatever gets into a stream does not end it.

    Parameters
    ----------
    fitting : Fitting
        How; each window is a sample, whatever the length there.
    sensor : Shape
        Extent of the network's input.

    Raises
    ------
    EventsError
        If the polarities or the crop do not fit; by the call, if the first window does not.
    """

    def __init__(self, fitting: Fitting, sensor: Shape):
        self._fitting, self._sensor = replace(fitting, window=None), sensor
        # An event that no camera lacks: what is wrong before any comes is said at once.
        left, top, *_ = fitting.crop or (0, 0)
        x, y = np.array([left], np.int32), np.array([top], np.int32)
        event = Decoded("stream", np.zeros(1, np.int64), x, y, np.ones(1, bool))
        self._fitting.fit(event, sensor, "the stream")

    def __call__(self, window: StreamWindow) -> Events:
        """Events of a window for the network."""
        where = f"the stream, window {window.number}"
        [events] = self._fitting.fit(window.events, self._sensor, where)
        self._fitting = replace(self._fitting, allow_outside=True)
        return events
