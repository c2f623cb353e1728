"""CIFAR10-DVS: recordings of moving CIFAR-10 images by an event camera, as tonic unpacks them."""

from pathlib import Path

from tickless.sw.data import aedat4, store
from tickless.sw.data.events import Events, EventsError, of_this_camera

__all__ = ["CLASSES", "SENSOR", "files", "read"]

SENSOR = (2, 128, 128)
"""Extent ``(polarities, height, width)`` of a recording."""

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""Names of the classes; a label is a place in this list."""

FIRST_TEST = 900
"""Number of the first test recording of a class, of 1,000.

The last 100 of each class are the test set, as in the MTT paper; its code takes them in the file
system's order, here they are in order of their numbers, so that the split is one fixed thing and
holds for a part of the set, too.
"""

EXPECTED = (
    "recordings of CIFAR10-DVS into $TICKLESS_DATA/CIFAR10DVS/<class>/cifar10_<class>_<n>.aedat4, "
    "from https://figshare.com/ndownloader/files/38023437 (the original files in AEDAT 2 are "
    "not read)"
)


def read(path: Path | str) -> Events:
    """Read one recording; errors as of `aedat4.read` and `sw.data.events.of_this_camera`."""
    return of_this_camera(aedat4.read(path, SENSOR), path)


def files(split: str) -> list[tuple[Path, int]]:
    """Recordings at hand and their labels, in order of label and number.

    Parameters
    ----------
    split : str
        ``"train"`` or ``"test"``, see `FIRST_TEST`.

    Raises
    ------
    EventsError
        If there is no recording of the split, see `sw.data.store.fetch`, or if a file's name has
        no number.
    """

    def listed(place: Path) -> list[tuple[Path, int]]:
        return [
            (path, label)
            for label, name in enumerate(CLASSES)
            for path in sorted(place.glob(f"{name}/*.aedat4"), key=_number)
            if (_number(path) >= FIRST_TEST) == (split == "test")
        ]

    return store.fetch(store.root() / "CIFAR10DVS", listed, _download, EXPECTED)


def _download(root: str) -> None:
    # Imported here, since tonic brings PyTorch.
    from tonic.datasets import CIFAR10DVS

    CIFAR10DVS(root)


def _number(path: Path) -> int:
    number = path.stem.rpartition("_")[2]
    if not number.isdecimal():
        raise EventsError(f"{path}: expected a name cifar10_{path.parent.name}_<n>.aedat4")
    return int(number)
