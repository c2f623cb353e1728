"""Batches of training samples: recorded and simulated ones in their shares, augmented."""

from itertools import chain

import numpy as np
import torch
from tqdm import tqdm

from sw.data.catalog import Samples
from sw.data.frames import Recordings
from sw.geometry import Shape
from sw.training.settings import Settings

__all__ = ["Batches"]


class Batches:
    """Samples of a run, drawn in batches.

    Parameters
    ----------
    settings : Settings
        Shares, batch and augmentation.
    recorded, extra : sequence of (Events, int)
        The data set's own samples, at least one, and simulated ones, or none.
    sensor : Shape
        Extent of the events.

    Members
    -------
    recordings : Recordings
        All samples, the simulated ones last.
    counts : tuple of int
        Numbers of recorded and of simulated samples.
    """

    def __init__(self, settings: Settings, recorded: Samples, extra: Samples, sensor: Shape):
        self.settings = settings
        self.counts = len(recorded), len(extra)
        reading = tqdm(chain(recorded, extra), "samples", sum(self.counts), leave=False)
        self.recordings = Recordings(reading, sensor)

    def epoch(self, samples: int, generator: np.random.Generator) -> np.ndarray:
        """Indices of an epoch's samples, ``[iterations, batch]``.

        Each kind in its share, and each sample of a kind as often as the others.
        """
        batch = self.settings.batch
        count = max(1, samples // batch) * batch
        recorded, extra = self.counts
        own = self._own(count)
        kinds = [np.resize(generator.permutation(recorded), own)]
        if extra:
            kinds.append(recorded + np.resize(generator.permutation(extra), count - own))
        return generator.permutation(np.concatenate(kinds)).reshape(-1, batch)

    def first(self, count: int) -> np.ndarray:
        """Indices of so many samples, each kind in its share, always the same ones."""
        recorded, extra = self.counts
        own = self._own(count)
        kinds = [np.resize(np.arange(recorded), own)]
        if extra:
            kinds.append(recorded + np.resize(np.arange(extra), count - own))
        return np.concatenate(kinds)

    def shifts(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Pixels ``(y, x)`` by which each of so many samples moves, drawn anew."""
        most = self.settings.shift
        return generator.integers(-most, most + 1, (count, 2))

    def draw(
        self, chosen: np.ndarray, steps: int, generator: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented frames of the chosen samples, as in `Recordings.frames`, and their labels."""
        shifts = self.shifts(len(chosen), generator)
        return self.recordings.frames(chosen, steps, shifts), self.recordings.labels[chosen]

    def _own(self, count: int) -> int:
        """How many of so many samples are the data set's own."""
        return round(count * self.settings.recorded_share) if self.counts[1] else count
