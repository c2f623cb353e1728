"""DVS128-Gesture: hand gestures before an event camera, labelled, or as clips without labels."""

import os
from functools import partial
from pathlib import Path

import numpy as np

from tickless.sw.data import atis, store
from tickless.sw.data.events import UNLABELLED, Events, EventsError, of_this_camera

__all__ = ["CLASSES", "CLIPS", "SENSOR", "files", "only_clips", "read"]

SENSOR = (2, 128, 128)
"""Extent ``(polarities, height, width)`` of a recording."""

CLASSES = (
    *("Hand clapping", "Right hand wave", "Left hand wave", "Right arm cw", "Right arm ccw"),
    *("Left arm cw", "Left arm ccw", "Arm roll", "Air drums", "Air guitar", "Other gestures"),
)
"""Names of the classes; a label is a place in this list."""

CLIPS = "dvsgesture_clips"
"""Folder of the clips in ``TICKLESS_DATA``."""

FOLDERS = {"train": "ibmGestureTrain", "test": "ibmGestureTest"}

COLUMNS = 4
"""Of a recording's array: x, y, polarity and milliseconds."""

EXPECTED = (
    "recordings of DVS128-Gesture into $TICKLESS_DATA/DVSGesture/"
    "{ibmGestureTrain,ibmGestureTest}/user<n>_<light>/<label>.npy, as tonic's archives have them "
    "(https://figshare.com/ndownloader/files/38022171, "
    "https://figshare.com/ndownloader/files/38020584), or clips without labels, which are test "
    f"samples alone, as ATIS files of five bytes an event into $TICKLESS_DATA/{CLIPS}/<name>.bin"
)


def files(split: str) -> list[tuple[Path, int]]:
    """Recordings at hand and their labels, in order of user and light, then label.

    Where ``TICKLESS_DATA`` has clips and no labelled recording at all, the clips are the test
    samples, `UNLABELLED`, in order of file name.

    Parameters
    ----------
    split : str
        ``"train"`` or ``"test"``: the split is that of the archives, 23 and 6 users.

    Raises
    ------
    EventsError
        If there is no recording; see `sw.data.store.fetch`.
    """
    if split == "test" and only_clips():
        return [(path, UNLABELLED) for path in _clips()]
    return store.fetch(_home() / FOLDERS[split], _list, partial(_download, split), EXPECTED)


def _download(split: str, root: str) -> None:
    # Imported here, since tonic brings PyTorch.
    from tonic.datasets import DVSGesture

    DVSGesture(root, train=split == "train")


def only_clips() -> bool:
    """Whether ``TICKLESS_DATA`` has clips and no labelled recording."""
    return bool(_clips()) and not any(_list(_home() / name) for name in FOLDERS.values())


def read(path: Path | str) -> Events:
    """Read one recording: ``.npy`` as tonic unpacks it, or a clip in ATIS's format.

    Time counts from the first event; that of an array is exact to a millisecond. Time stamps order
    the events; equal ones keep the file's order.

    Raises
    ------
    EventsError
        If the file is missing, cut short or damaged; the message names the file, the byte offset
        and what was expected. That of a clip is of `sw.data.atis.read`.
    """
    path = Path(path)
    if path.suffix != ".npy":
        return of_this_camera(atis.read(path, SENSOR), path)
    x, y, channel, milliseconds = _array(path).T
    order = np.argsort(milliseconds, kind="stable")
    milliseconds = milliseconds[order]
    channel, y, x = (part[order].astype(np.int32) for part in (channel, y, x))
    events = Events(channel, y, x, 1000 * (milliseconds - milliseconds[:1]), SENSOR)
    return of_this_camera(events, path)


def _home() -> Path:
    return store.root() / "DVSGesture"


def _clips() -> list[Path]:
    return sorted((store.root() / CLIPS).glob("*.bin")) if store.given() else []


def _array(path: Path) -> np.ndarray:
    """int64 ``[events, COLUMNS]``."""

    def damaged(offset: int, expected: str) -> EventsError:
        return EventsError(
            f"{path}: offset {offset}: expected {expected}: the file is cut short, damaged, or no "
            "recording of DVS128-Gesture"
        )

    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            if (version := np.lib.format.read_magic(file)) != (1, 0):
                raise ValueError(f"its version is {version}")
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            start = file.tell()
    except OSError as error:
        raise EventsError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise damaged(0, f"the header of an array of NumPy, but {error}") from None
    if len(shape) != 2 or shape[1] != COLUMNS or dtype.kind not in "iuf":
        raise damaged(0, f"an array of numbers (events, {COLUMNS}), got {dtype} {shape}")
    row = COLUMNS * dtype.itemsize
    if size - start != shape[0] * row:
        whole = start + min(shape[0], (size - start) // row) * row
        raise damaged(whole, f"{shape[0]} events of {row} bytes, got {size - start} bytes in all")
    array = np.load(path, allow_pickle=False)
    wrong = np.flatnonzero(~(np.abs(array) < 1 << 31).all(axis=1))
    if len(wrong):
        values = array[wrong[0]].tolist()
        raise damaged(start + wrong[0] * row, f"an event of 32-bit numbers, got {values}")
    return array.astype(np.int64)


def _list(place: Path) -> list[tuple[Path, int]]:
    found = []
    for path in place.glob("user*/*.npy"):
        if path.stem not in map(str, range(len(CLASSES))):
            raise EventsError(f"{path}: expected a name of <label>.npy, 0 to {len(CLASSES) - 1}")
        found.append((path, int(path.stem)))
    return sorted(found, key=lambda pair: (pair[0].parent, pair[1]))
