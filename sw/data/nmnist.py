"""N-MNIST: recordings of MNIST digits by an event camera, read from the original files."""

import os
import warnings
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from tonic.datasets import NMNIST
from tonic.io import read_mnist_file

from sw.data.events import Events, EventsError

__all__ = ["SENSOR", "files", "folder", "read", "still_images"]

SENSOR = (2, 34, 34)
"""Extent ``(polarities, height, width)`` of a recording."""

BYTES_PER_EVENT = 5


def read(path: Path | str) -> Events:
    """Read one recording.

    Five bytes an event: x, y, then polarity (1 bit) and microseconds (23 bits), big endian; an
    event with y = 240 only adds 2^13 us to all that follow (Orchard et al. 2015). Events outside
    the sensor stay in the list. A file of no bytes is a sample of no events.

    Raises
    ------
    EventsError
        If the file is missing, cut short, or its time stamps fall; the message names the file, the
        byte offset and what was expected.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise EventsError(f"{path}: cannot be read: {error.strerror}") from None
    whole = len(raw) - len(raw) % BYTES_PER_EVENT
    if whole != len(raw):
        raise EventsError(
            f"{path}: offset {whole}: expected {BYTES_PER_EVENT} bytes of an event, "
            f"got {len(raw) - whole}: the file is cut short or no N-MNIST recording"
        )
    rows = read_mnist_file(str(path), NMNIST.dtype)
    falls = np.flatnonzero(np.diff(rows["t"]) < 0)
    if len(falls):
        index = int(falls[0]) + 1
        # Offsets count the rows that tonic has taken out: they are found again by their y.
        kept = np.flatnonzero(np.frombuffer(raw, np.uint8)[1::BYTES_PER_EVENT] != 240)
        raise EventsError(
            f"{path}: offset {kept[index] * BYTES_PER_EVENT}: expected a time stamp of at least "
            f"{rows['t'][index - 1]} us, that of the event before, got {rows['t'][index]} us: the "
            "file is damaged or no N-MNIST recording"
        )
    channel, y, x = (rows[name].astype(np.int32) for name in ("p", "y", "x"))
    return Events(channel, y, x, rows["t"].astype(np.int64), SENSOR)


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
