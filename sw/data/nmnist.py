"""N-MNIST: recordings of MNIST digits by an event camera, read from the original files."""

from functools import partial
from pathlib import Path

from tickless.sw.data import atis, store
from tickless.sw.data.events import Events, of_this_camera

__all__ = ["SENSOR", "files", "folder", "read"]

SENSOR = (2, 34, 34)
"""Extent ``(polarities, height, width)`` of a recording."""

EXPECTED = (
    "N-MNIST recordings into $TICKLESS_DATA/NMNIST/{Train,Test}/<label>/<index>.bin, from "
    "https://www.garrickorchard.com/datasets/n-mnist"
)


def read(path: Path | str) -> Events:
    """Read one recording; errors as of `sw.data.atis.read` and `sw.data.events.of_this_camera`."""
    return of_this_camera(atis.read(path, SENSOR), path)


def folder() -> Path:
    """Folder with ``Train`` and ``Test``."""
    return store.root() / "NMNIST"


def files(split: str) -> list[tuple[Path, int]]:
    """Recordings at hand and their labels, in order of label and file name.

    Parameters
    ----------
    split : str
        ``"train"`` or ``"test"``.

    Raises
    ------
    EventsError
        If there is no recording; see `sw.data.store.fetch`.
    """
    place = folder() / {"train": "Train", "test": "Test"}[split]
    return store.fetch(place, _list, partial(_download, split), EXPECTED)


def _download(split: str, root: str) -> None:
    # Imported here, since tonic brings PyTorch.
    from tonic.datasets import NMNIST

    NMNIST(root, train=split == "train")


def _list(place: Path) -> list[tuple[Path, int]]:
    return [(path, label) for label in range(10) for path in sorted(place.glob(f"{label}/*.bin"))]
