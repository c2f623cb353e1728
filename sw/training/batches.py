"""Batches of training samples: recorded and simulated ones in their shares, augmented."""

from functools import partial
from math import inf

import numpy as np
import torch

from tickless.sw.data.augment import Compose, Cut, Drop, Flip, Roll, Transform, Turn
from tickless.sw.data.cache import Uncached, cached, folder
from tickless.sw.data.catalog import Recordings, load
from tickless.sw.integer.geometry import Shape
from tickless.sw.training.settings import Settings

__all__ = ["Batches", "training_recordings"]


class Batches:
    """Samples of a run, drawn in batches.

    Parameters
    ----------
    settings : Settings
        Shares, batch and augmentation.
    recorded, extra : Recordings
        The data set's own samples, at least one, and simulated ones, or none. All that they are
        parts of comes into the cache, unless the run asks for fewer samples than that.
    sensor : Shape
        Extent of the events.

    Members
    -------
    source : FrameSource
        All samples and the others that they are parts of, the simulated ones last.
    """

    def __init__(self, settings: Settings, recorded: Recordings, extra: Recordings, sensor: Shape):
        self.settings = settings
        parts = [recorded.whole, extra.whole]
        few = _asked_for(settings) < sum(map(len, parts))
        cache = not few or folder(parts, sensor).exists()
        self.source = cached(parts, sensor) if cache else Uncached(parts, sensor)
        self._recorded = np.asarray(recorded.indices)
        self._extra = len(recorded.whole) + np.asarray(extra.indices, np.int64)
        self._transform = _augmentation(settings)

    def epoch(self, samples: int, generator: np.random.Generator) -> np.ndarray:
        """Indices of an epoch's samples, ``[iterations, batch]``.

        Each kind in its share, and each sample of a kind as often as the others.
        """
        batch = self.settings.batch
        count = max(1, samples // batch) * batch
        own = self._own(count)
        kinds = [np.resize(generator.permutation(self._recorded), own)]
        if len(self._extra):
            kinds.append(np.resize(generator.permutation(self._extra), count - own))
        return generator.permutation(np.concatenate(kinds)).reshape(-1, batch)

    def first(self, count: int) -> np.ndarray:
        """Indices of so many samples, each kind in its share, always the same ones."""
        own = self._own(count)
        kinds = [np.resize(self._recorded, own)]
        if len(self._extra):
            kinds.append(np.resize(self._extra, count - own))
        return np.concatenate(kinds)

    def shifts(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Pixels ``(y, x)`` by which each of so many samples moves, drawn anew."""
        most = self.settings.shift
        return generator.integers(-most, most + 1, (count, 2))

    def draw(
        self, chosen: np.ndarray, steps: int, generator: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented frames of the chosen samples, as in `FrameSource.frames`, and their labels."""
        shifts = self.shifts(len(chosen), generator)
        transform = places = None
        if self._transform.moves:
            places = [self._transform.places(self.source.sensor, generator) for _ in chosen]
        elif self._transform.transforms:
            # How much chance they need depends on the samples, and the generator has to go on alike
            # in all processes of a team.
            chance = np.random.default_rng(generator.integers(1 << 63))
            transform = partial(self._transform, generator=chance)
        frames = self.source.frames(chosen, steps, shifts, transform, places)
        return frames, self.source.labels[chosen]

    def _own(self, count: int) -> int:
        """How many of so many samples are the data set's own."""
        return round(count * self.settings.recorded_share) if len(self._extra) else count


def training_recordings(settings: Settings) -> Recordings:
    """The data set's own training samples, as many as the settings say, in their order.

    Those left out are not made for the cache either.
    """
    whole, most = load(settings.dataset, "train"), settings.recordings
    if not 0 < most < len(whole):
        return whole
    few = whole.evenly(most)
    return Recordings(few.make, few.keys, few.labels, few.name, few.sources)


def _augmentation(settings: Settings) -> Compose:
    """What the settings ask for besides the shift."""
    chosen: list[tuple[float, Transform]] = [
        (settings.flip, Flip()),
        (settings.roll, Roll(settings.roll)),
        (settings.cut, Cut(settings.cut)),
        (settings.drop, Drop(settings.drop)),
        (settings.turn or settings.stretch, Turn(settings.turn, settings.stretch)),
    ]
    return Compose(tuple(transform for asked, transform in chosen if asked))


def _asked_for(settings: Settings) -> float:
    """How many times a run asks for a sample."""
    if settings.target == "steps":
        return inf  # for its batch norms, at each number of time steps that is tested
    passes = 1 if settings.method == "sdt" else settings.configurations
    later = (settings.epochs + settings.quantize_epochs) * settings.samples * passes
    # The refit sees its samples event by event and in time steps.
    return settings.pretrain_epochs * settings.pretrain_samples + later + 2 * settings.refit_samples
