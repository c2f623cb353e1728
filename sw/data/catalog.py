"""Data sets by name, as lists of samples that are read when they are asked for."""

from collections.abc import Callable, Sequence
from typing import overload

from sw.data import nmnist, saccades
from sw.data.events import Events

__all__ = ["DATASETS", "SENSORS", "SPLITS", "Samples", "load"]

DATASETS = ("saccades", "nmnist")
SPLITS = ("train", "test", "all")

SENSORS = {"saccades": saccades.SENSOR, "nmnist": nmnist.SENSOR}
"""Extent of each data set's sensor."""


class Samples(Sequence[tuple[Events, int]]):
    """Labelled samples, each made anew whenever it is asked for.

    Parameters
    ----------
    make : callable
        Makes the events of the sample with a given key.
    keys : sequence
        One key a sample.
    labels : sequence of int
        One label a sample.
    """

    def __init__(self, make: Callable[..., Events], keys: Sequence, labels: Sequence[int]):
        self._make, self._keys = make, keys
        self.labels = tuple(int(label) for label in labels)

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> tuple[Events, int]: ...
    @overload
    def __getitem__(self, index: slice) -> "Samples": ...
    def __getitem__(self, index: int | slice) -> "tuple[Events, int] | Samples":
        if isinstance(index, slice):
            return Samples(self._make, self._keys[index], self.labels[index])
        return self._make(self._keys[index]), self.labels[index]


def load(dataset: str, split: str) -> Samples:
    """Samples of a data set, in an order that never changes.

    Parameters
    ----------
    dataset : str
        One of `DATASETS`.
    split : str
        ``"train"``, ``"test"``, or ``"all"`` for one after the other.

    Raises
    ------
    ValueError
        If a name is unknown; the message lists the known ones.
    EventsError
        If recordings are missing.
    """
    if dataset not in DATASETS:
        raise ValueError(f"dataset = {dataset!r}: expected one of {', '.join(DATASETS)}")
    if split not in SPLITS:
        raise ValueError(f"split = {split!r}: expected one of {', '.join(SPLITS)}")
    parts = ("train", "test") if split == "all" else (split,)
    if dataset == "nmnist":
        found = [pair for part in parts for pair in nmnist.files(part)]
        return Samples(nmnist.read, [path for path, _ in found], [label for _, label in found])
    found = [pair for part in parts for pair in saccades.digits(part)]
    return Samples(saccades.sample, [index for index, _ in found], [label for _, label in found])
