"""Cache: samples packed on disk once, under a name that tells them from all others."""

import hashlib
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from tickless.sw.data.frames import FrameSource
from tickless.sw.data.recordings import Recordings, in_parallel
from tickless.sw.integer.geometry import Shape

__all__ = ["CACHE", "cached", "folder"]

CACHE = Path("build/cache")
"""Folder of all that is cached; ``make clean`` takes it away."""

MAKERS = ("numpy", "scipy", "scikit-learn", "tonic", "aedat")
"""Packages whose version may change what a sample is."""


def cached(
    parts: Sequence[Recordings], sensor: Shape, processes: int | None = None, place: Path = CACHE
) -> FrameSource:
    """Recordings of samples, one part after the other, mapped from the cache.

    What is not there is made first, by several processes, under a progress bar.

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
    progress = tqdm(made, "samples into the cache", sum(map(len, parts)), delay=1)
    return FrameSource(progress, sensor, folder(parts, sensor, place))


def folder(parts: Sequence[Recordings], sensor: Shape, place: Path = CACHE) -> Path:
    """Where the cache has these samples.

    The name has their data sets and splits and a digest of all that they come from: keys, labels
    and parameters, size and time of the files behind them, this package's code, and the versions
    of `MAKERS`.
    """
    digest = hashlib.sha256(repr(sensor).encode())
    for name in MAKERS:
        digest.update(f"{name} {version(name)}\n".encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
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
