"""Frames for training: the events of a sample counted in time bins."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from tickless.sw.compiled import compiled
from tickless.sw.data.augment import Places
from tickless.sw.data.events import Events
from tickless.sw.data.losses import Lost
from tickless.sw.data.packed import pack, pack_on_disk
from tickless.sw.integer.geometry import Shape

__all__ = ["FrameSource", "frames"]


class FrameSource:
    """Labelled samples, packed in memory or on disk, from which batches of frames are made.

    A sample's time, from its first event to its last, is cut into bins of equal length, each of
    which becomes one frame of event counts. Bins follow the sample and not the clock, so every
    frame of every sample has its share of the recording. Events outside the sensor are left out.

    Parameters
    ----------
    samples : iterable of (Events, int)
        Samples and their labels; at least one.
    sensor : Shape
        Extent of every sample's sensor.
    cache : Path, optional
        Folder from which the packed events are mapped into memory, as `sw.data.packed` has it;
        where it is missing, it is filled first. The name has to tell these samples from others:
        `sw.data.cache` has such names.

    Members
    -------
    labels : torch.Tensor
        int64 ``[samples]``.
    """

    def __init__(
        self, samples: Iterable[tuple[Events, int]], sensor: Shape, cache: Path | None = None
    ):
        self.sensor = sensor
        packed = pack(samples, sensor) if cache is None else pack_on_disk(samples, sensor, cache)
        self._addresses, self._times, self._starts = packed.addresses, packed.times, packed.starts
        self.labels = torch.tensor(packed.labels)
        self._dropped = packed.dropped

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lost(self) -> list[Lost]:
        """What the samples lose outside the sensor."""
        kept = np.diff(self._starts)
        return [
            Lost(f"sample {number}", int(inside + outside), int(outside))
            for number, (inside, outside) in enumerate(zip(kept, self._dropped, strict=True))
        ]

    def events(self, index: int) -> Events:
        """One sample, its time counted from its first event, without those outside the sensor."""
        place = slice(self._starts[index], self._starts[index + 1])
        channel, y, x = np.ascontiguousarray(self._addresses[place].T, np.int32)
        return Events(channel, y, x, self._times[place].astype(np.int64), self.sensor)

    def addresses(self, index: int, shift: np.ndarray) -> np.ndarray:
        """One sample's events, moved by ``shift``: int32 ``[events, 3]``, as `Events.addresses`."""
        rows = self._addresses[self._starts[index] : self._starts[index + 1]].astype(np.int32)
        rows[:, 1:] += shift.astype(np.int32)
        return rows

    def frames(
        self,
        indices: Sequence[int] | np.ndarray,
        steps: int,
        shifts: np.ndarray | None = None,
        transform: Callable[[Events], Events] | None = None,
        places: Sequence[Places] | None = None,
    ) -> torch.Tensor:
        """Frames of some samples.

        Parameters
        ----------
        indices : sequence of int
            Which samples.
        steps : int
            Time steps, at least 1.
        shifts : numpy.ndarray, optional
            int ``[samples, 2]``: pixels ``(y, x)`` by which each sample moves; what leaves the
            sensor is lost.
        transform : callable, optional
            Makes other events of each sample first, such as `sw.data.augment` has.
        places : sequence of Places, optional
            To which each sample's rows and columns move before the shift: one each, or none.

        Returns
        -------
        torch.Tensor
            float32 ``[time, batch, channels, height, width]``: event counts; in memory the
            channels are next to each other, as the first layer wants them on a CPU.
        """
        if steps < 1:
            raise ValueError(f"steps = {steps}: expected at least 1")
        chosen = np.asarray(indices, np.int64)
        if transform is not None:
            made = FrameSource(
                [(transform(self.events(index)), 0) for index in chosen], self.sensor
            )
            return made.frames(range(len(made)), steps, shifts, places=places)
        channels, height, width = self.sensor
        moves = np.zeros((len(chosen), 2), np.int64) if shifts is None else shifts
        tables = places or [(np.arange(height), np.arange(width))]
        rows = np.array([table for table, _ in tables]) + moves[:, :1]
        columns = np.array([table for _, table in tables]) + moves[:, 1:]
        counts = np.zeros((steps, len(chosen), height, width, channels), np.float32)
        _count(self._addresses, self._times, self._starts, chosen, rows, columns, counts)
        return torch.from_numpy(counts).movedim(-1, 2)


def frames(events: Events, steps: int) -> torch.Tensor:
    """Frames of one sample: float32 ``[time, channels, height, width]``, as in `FrameSource`."""
    return FrameSource([(events, 0)], events.sensor).frames([0], steps)[:, 0]


@compiled
def _count(addresses, times, starts, chosen, rows, columns, counts):
    steps, _, height, width, _ = counts.shape
    for place, sample in enumerate(chosen):
        begin, end = starts[sample], starts[sample + 1]
        if begin == end:
            continue
        duration = times[end - 1] - times[begin] + 1
        for index in range(begin, end):
            channel, y, x = addresses[index]
            y, x = rows[place, y], columns[place, x]
            if 0 <= y < height and 0 <= x < width:
                step = (times[index] - times[begin]) * steps // duration
                counts[step, place, y, x, channel] += 1
