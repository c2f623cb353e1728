"""N-MNIST: recordings of MNIST digits by an event camera, read from the original files."""

import os
import warnings
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from tonic.datasets import NMNIST

from sw.data import atis
from sw.data.events import Events, EventsError

__all__ = ["SENSOR", "files", "folder", "read", "still_images"]

SENSOR = (2, 34, 34)
"""Extent ``(polarities, height, width)`` of a recording."""


def read(path: Path | str) -> Events:
    """Read one recording; errors as of `sw.data.atis.read`."""
    return atis.read(path, SENSOR)


def folder() -> Path:
    """Folder with ``Train`` and ``Test``: in ``TICKLESS_DATA``, else in the user's cache."""
    given = os.environ.get("TICKLESS_DATA")
    return (Path(given) if given else user_cache_path("tickless", False)) / "NMNIST"


def files(split: str) -> list[tuple[Path, int]]:
    """Recordings at hand and their labels, in order of label and file name.

    Any part of the data set will do. Without ``TICKLESS_DATA`` tonic downloads it all.

    Parameters
    ----------
    split : str
        ``"train"`` or ``"test"``.

    Raises
    ------
    EventsError
        If there is no recording; the message says where to put them.
    """
    place = folder() / {"train": "Train", "test": "Test"}[split]
    found = _list(place)
    if not found and not os.environ.get("TICKLESS_DATA"):
        _download(split)
        found = _list(place)
    if not found:
        raise EventsError(_advice(place, "no recordings there"))
    return found


def still_images() -> tuple[np.ndarray, np.ndarray]:
    """MNIST's training images and labels, in its order; none where the file is missing.

    The file is ``mnist/mnist.npz`` beside the recordings' folder, with the arrays
    ``train_images`` (uint8 ``[60000, 28, 28]``) and ``train_labels``. The recordings of N-MNIST's
    training set are recordings of these images; its test recordings show others.
    """
    path = folder().parent / "mnist" / "mnist.npz"
    if not path.exists():
        return np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64)
    with np.load(path) as file:
        return file["train_images"], file["train_labels"].astype(np.int64)


def _list(place: Path) -> list[tuple[Path, int]]:
    return [(path, label) for label in range(10) for path in sorted(place.glob(f"{label}/*.bin"))]


def _download(split: str) -> None:
    # tonic makes the folder NMNIST itself.
    target = folder().parent
    try:
        target.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            NMNIST(str(target), train=split == "train")
    except Exception as error:  # tonic raises whatever its transport does
        raise EventsError(_advice(folder(), f"the download failed ({error})")) from error


def _advice(place: Path, problem: str) -> str:
    return (
        f"{place}: {problem}. Put N-MNIST recordings into $TICKLESS_DATA/NMNIST/"
        "{Train,Test}/<label>/<index>.bin (any part of the set will do; "
        "https://www.garrickorchard.com/datasets/n-mnist), or run `make sim` alone: its data set "
        "`saccades` needs no files"
    )
