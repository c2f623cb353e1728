"""Cache: samples packed on disk once, under a name that tells them from all others.

Whoever asks for few of them has them made when he does, and leaves the cache as it is.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from itertools import accumulate, chain
from pathlib import Path

import numpy as np
import torch

from tickless.progress import bar
from tickless.sw.data.augment import Places
from tickless.sw.data.events import Events
from tickless.sw.data.frames import FrameSource
from tickless.sw.data.losses import dropped_text, warn_of_dropped
from tickless.sw.data.recordings import Recordings, in_parallel
from tickless.sw.integer.geometry import Shape

__all__ = ["CACHE", "Uncached", "cached", "folder"]

CACHE = Path("build/cache")
"""Folder of all that is cached; ``make clean`` takes it away."""

MAKERS = ("numpy", "scipy", "scikit-learn", "tonic", "aedat")
"""Packages whose version may change what a sample is."""


def cached(
    parts: Sequence[Recordings], sensor: Shape, processes: int | None = None, place: Path = CACHE
) -> FrameSource:
    """Recordings of samples, one part after the other, mapped from the cache.

    What is not there is made first, by several processes, under a progress bar. Samples that lose
    many events outside the sensor are a `DroppedWarning`.

    Parameters
    ----------
    parts : sequence of Recordings
        At least one sample in all.
    sensor : Shape
        Extent of every sample's sensor.
    processes : int, optional
        Processes that make samples; as many as there are processors where None.
    place : Path
        Folder of the cache.
    """
    made = chain.from_iterable(in_parallel(part, processes) for part in parts)
    shown = bar(made, "samples into the cache", "samples", sum(map(len, parts)))
    source = FrameSource(shown, sensor, folder(parts, sensor, place))
    warn_of_dropped(source.lost)
    return source


class Uncached(FrameSource):
    """The samples of `cached`, each made anew whenever it is asked for.

    Parameters
    ----------
    parts, sensor : sequence of Recordings, Shape
        As of `cached`.
    """

    def __init__(self, parts: Sequence[Recordings], sensor: Shape):
        self.sensor, self._parts, self._warned = sensor, parts, False
        self._firsts = [0, *accumulate(map(len, parts))]
        self.labels = torch.tensor([label for part in parts for label in part.labels])

    def events(self, index: int) -> Events:
        """As of `FrameSource`."""
        return self._packed([index]).events(0)

    def addresses(self, index: int, shift: np.ndarray) -> np.ndarray:
        """As of `FrameSource`."""
        return self._packed([index]).addresses(0, shift)

    def frames(
        self,
        indices: Sequence[int] | np.ndarray,
        steps: int,
        shifts: np.ndarray | None = None,
        transform: Callable[[Events], Events] | None = None,
        places: Sequence[Places] | None = None,
    ) -> torch.Tensor:
        """As of `FrameSource`."""
        made = self._packed(indices)
        return made.frames(range(len(made)), steps, shifts, transform, places)

    def _packed(self, indices: Sequence[int] | np.ndarray) -> FrameSource:
        places = np.searchsorted(self._firsts, indices, "right") - 1
        pairs = zip(places.tolist(), indices, strict=True)
        samples = (self._parts[place][int(index) - self._firsts[place]] for place, index in pairs)
        made = FrameSource(samples, self.sensor)
        if not self._warned and dropped_text(made.lost) is not None:
            self._warned = True
            warn_of_dropped(made.lost)
        return made


def folder(parts: Sequence[Recordings], sensor: Shape, place: Path = CACHE) -> Path:
    """Where the cache has these samples.

    The name has their data sets and splits and a digest of all that they come from: keys, labels
    and parameters, size and time of the files behind them, this package's code, and the versions
    of `MAKERS`.
    """
    digest = hashlib.sha256(repr(sensor).encode())
    for name in MAKERS:
        digest.update(f"{name} {version(name)}\n".encode())
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    for part in parts:
        digest.update(f"{_function(part.make)} {list(part.keys)} {part.labels}\n".encode())
        for source in part.sources:
            state = source.stat()
            digest.update(f"{source} {state.st_size} {state.st_mtime_ns}\n".encode())
    names = "+".join(part.name for part in parts if len(part))
    return place / f"{names}-{digest.hexdigest()[:16]}"


def _function(make) -> str:
    """Name of a function and the parameters bound to it."""
    if isinstance(make, partial):
        return f"{_function(make.func)} {make.args} {sorted(make.keywords.items())}"
    return f"{make.__module__}.{make.__qualname__}"
