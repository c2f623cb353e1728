"""Data sets by name, as lists of samples that are read when they are asked for."""

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np

from sw.data import dvsgesture, nmnist, saccades
from sw.data.events import Events

__all__ = [
    "DATASETS",
    "LABELLED",
    "SENSORS",
    "SPLITS",
    "UNLABELLED",
    "Samples",
    "load",
    "simulated",
]

DATASETS = ("saccades", "nmnist", "dvsgesture")
LABELLED = ("saccades", "nmnist")
UNLABELLED = -1
"""Label of a recording whose class is not known."""

SPLITS = ("train", "test", "all")

SENSORS = {
    "saccades": saccades.SENSOR,
    "nmnist": nmnist.SENSOR,
    "dvsgesture": dvsgesture.SENSOR,
}
"""Extent of each data set's sensor."""


class Samples(Sequence[tuple[Events, int]]):
    """Samples, each made anew whenever it is asked for.

    Parameters
    ----------
    make : callable
        Makes the events of the sample with a given key.
    keys : sequence
        One key a sample.
    labels : sequence of int
        One label a sample; `UNLABELLED` where it is not known.
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

    ``dvsgesture`` has test samples alone, without labels.

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
    if dataset == "dvsgesture":
        paths = dvsgesture.files() if "test" in parts else []
        return Samples(dvsgesture.read, paths, [UNLABELLED] * len(paths))
    found = [pair for part in parts for pair in saccades.digits(part)]
    return Samples(saccades.sample, [index for index, _ in found], [label for _, label in found])


def simulated(dataset: str, count: int) -> Samples:
    """More samples for training: simulated recordings of training images.

    ``saccades``: further recordings of its training digits. ``nmnist``: recordings of MNIST's
    training images, if ``mnist/mnist.npz`` lies beside the recordings; none otherwise.

    Parameters
    ----------
    dataset : str
        One of `LABELLED`.
    count : int
        Samples wanted, at least 0.
    """
    if dataset == "nmnist":
        images, labels = nmnist.still_images()
        chosen = range(min(count, len(labels)))
        return Samples(
            lambda index: saccades.record(images[index] / 255, np.random.default_rng((1, index))),
            chosen,
            labels[: len(chosen)].tolist(),
        )
    digits = saccades.digits("train")
    keys = [(digits[i % len(digits)][0], 1 + i // len(digits)) for i in range(count)]
    labels = [digits[i % len(digits)][1] for i in range(count)]
    return Samples(lambda key: saccades.sample(*key), keys, labels)
