"""Samples that are made when they are asked for, by one process or by several."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import overload

from tickless.sw.data.events import Events
from tickless.sw.workers import end_with_parent

__all__ = ["Recordings", "file_name", "in_parallel", "parcels"]

CHUNK = 64
"""Samples that a process makes at once."""


def file_name(path: Path, window: int | None = None) -> str:
    """What the recording of a file, or a window in it, is called: by the file's folder and name."""
    name = "/".join(path.parts[-2:])
    return name if window is None else f"{name} {window}"


class Recordings(Sequence[tuple[Events, int]]):
    """Samples, each made anew whenever it is asked for.

    Parameters
    ----------
    make : callable
        Makes the events of the sample with a given key: always the same ones. A function of a
        module, or a partial of one, so that other processes can call it.
    keys : sequence
        One key a sample; its ``repr`` tells it from others.
    labels : sequence of int
        One label a sample; `sw.data.catalog.UNLABELLED` where it is not known.
    name : str
        Data set and split.
    sources : sequence of Path
        Files that the samples are made from.
    names : sequence of str, optional
        What each is called; as of `file_name`, or else by these samples' name and its place.

    Members
    -------
    whole, indices : Recordings, sequence of int
        The samples that these are a part of, and their places in it; all of themselves if they
        are no part.
    """

    def __init__(
        self,
        make: Callable[..., Events],
        keys: Sequence,
        labels: Sequence[int],
        name: str = "samples",
        sources: Sequence[Path] = (),
        names: Sequence[str] | None = None,
    ):
        self.make, self.keys, self.name, self.sources = make, keys, name, tuple(sources)
        self.labels = tuple(int(label) for label in labels)
        self._names = names
        self.whole: Recordings = self
        self.indices: Sequence[int] = range(len(keys))

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> tuple[Events, int]: ...
    @overload
    def __getitem__(self, index: slice) -> "Recordings": ...
    def __getitem__(self, index: int | slice) -> "tuple[Events, int] | Recordings":
        if isinstance(index, slice):
            return self.part(range(len(self))[index])
        return self.make(self.keys[index]), self.labels[index]

    @property
    def names(self) -> Sequence[str]:
        """What each is called, the same in all parts."""
        if self._names is None:
            self._names = [_name(self.name, *pair) for pair in enumerate(self.keys)]
        return self._names

    def part(self, indices: Iterable[int]) -> "Recordings":
        """Some of the samples, as samples of the same name."""
        chosen = list(indices)
        keys, labels = ([values[i] for i in chosen] for values in (self.keys, self.labels))
        names = [self.names[i] for i in chosen]
        part = Recordings(self.make, keys, labels, self.name, self.sources, names)
        part.whole, part.indices = self.whole, [self.indices[i] for i in chosen]
        return part

    def evenly(self, most: int) -> "Recordings":
        """So many of the samples at most, evenly over them."""
        count = min(most, len(self))
        return self.part(index * len(self) // count for index in range(count))


def _name(samples: str, index: int, key: object) -> str:
    match key:
        case Path():
            return file_name(key)
        case (Path() as path, int(window)):
            return file_name(path, window)
    return f"{samples} {index}"


def parcels(recordings: Recordings, size: int) -> list[Recordings]:
    """The samples, so many at a time, in their order: each parcel is whole, and light to send."""
    keys, labels, names = recordings.keys, recordings.labels, recordings.names
    places = [slice(start, start + size) for start in range(0, len(recordings), size)]
    return [
        Recordings(recordings.make, keys[at], labels[at], recordings.name, names=names[at])
        for at in places
    ]


def in_parallel(
    recordings: Recordings, processes: int | None = None
) -> Iterator[tuple[Events, int]]:
    """All samples in their order, made by several processes.

    Parameters
    ----------
    processes : int, optional
        As many as there are processors where None; with 1 no other process is started.
    """
    count = min(processes or os.cpu_count() or 1, -(-len(recordings) // CHUNK))
    if count <= 1:
        yield from recordings
        return
    # Forked processes would inherit torch's threads in whatever state they are.
    with ProcessPoolExecutor(count, get_context("spawn"), end_with_parent) as pool:
        made = pool.map(recordings.make, recordings.keys, chunksize=CHUNK)
        yield from zip(made, recordings.labels, strict=True)
