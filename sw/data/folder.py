"""Folder data set: recordings of any format in folders of their classes.

``<folder>/{train,test}/<class>/*`` (or ``Train``, ``Test``); ``dataset.toml`` in the folder says
what the files do not::

    sensor = [2, 34, 34]         # channels, height, width; by default the first file's, ON and OFF
    classes = ["cat", "dog"]     # names of the folders in the order of the labels
    crop = "100,80,128x128"      # as the options of `tickless run`; likewise downsample, polarity,
    columns = "t,x,y,p"          # time_unit, chip and allow_outside
"""

import tomllib
from argparse import Namespace
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from tickless.errors import InputError
from tickless.sw.data.events import Events, EventsError
from tickless.sw.data.options import Reading, reading
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.geometry import Shape

__all__ = ["DESCRIPTION", "FolderDataset", "folder_dataset"]

DESCRIPTION = "dataset.toml"

SPLITS = {"train": ("train", "Train"), "test": ("test", "Test")}

OPTIONS: dict[str, Any] = {
    "columns": None,
    "time_unit": None,
    "chip": None,
    "crop": None,
    "downsample": 1,
    "polarity": None,
    "window": None,
    "allow_outside": False,
}
"""Entries of a description that are options of reading and fitting, and their defaults."""


@dataclass(frozen=True)
class FolderDataset:
    """A folder of recordings, by its description.

    Members
    -------
    folder : Path
        The folder.
    sensor : Shape
        Extent of every sample.
    classes : tuple of str
        Names in the order of the labels.
    reading : Reading
        How files are read and fitted to the sensor.
    """

    folder: Path
    sensor: Shape
    classes: tuple[str, ...]
    reading: Reading

    def load(self, split: str) -> Recordings:
        """Recordings of ``train``, ``test`` or ``all``, in order of label and file name.

        Raises
        ------
        EventsError
            If there are none, or a folder's name is no class.
        """
        parts = ("train", "test") if split == "all" else (split,)
        pairs = [pair for part in parts for pair in self._files(part)]
        if not pairs:
            where = self.folder / SPLITS[parts[0]][0]
            raise EventsError(f"{where}: expected recordings, {where}/CLASS/FILE")
        paths, labels = [path for path, _ in pairs], [label for _, label in pairs]
        make = partial(_read, self.sensor, self.reading)
        return Recordings(make, paths, labels, f"{self.folder.name}-{split}", paths)

    def _files(self, split: str) -> list[tuple[Path, int]]:
        found = [
            (path, self._label(path.parent))
            for place in _places(self.folder, split)
            for path in place.glob("*/*")
            if path.is_file() and not path.name.startswith(".")
        ]
        return sorted(found, key=lambda pair: (pair[1], pair[0].name))

    def _label(self, folder: Path) -> int:
        if folder.name not in self.classes:
            known = ", ".join(self.classes[:10])
            raise EventsError(
                f"{folder}: expected the name of a class of {self.folder / DESCRIPTION}: {known}"
            )
        return self.classes.index(folder.name)


@cache
def folder_dataset(folder: Path) -> FolderDataset:
    """Data set of a folder.

    Raises
    ------
    InputError
        If it has no recordings, or its description is wrong; the message names the entry.
    """
    path = folder / DESCRIPTION
    try:
        entries = tomllib.loads(path.read_text()) if path.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    unknown = set(entries) - {"sensor", "classes", *OPTIONS}
    if unknown:
        known = ", ".join(("sensor", "classes", *OPTIONS))
        raise InputError(f"{path}: {unknown.pop()}: expected one of {known}")
    if "window" in entries:
        raise InputError(f"{path}: window: expected none: each file of a data set is a sample")
    for name, default in OPTIONS.items():
        kind = str if default is None else type(default)
        if type(entries.get(name, default)) not in (kind, type(default)):
            raise InputError(f"{path}: {name} = {entries[name]!r}: expected {kind.__name__}")
    how = reading(Namespace(**OPTIONS | {k: v for k, v in entries.items() if k in OPTIONS}))
    classes = entries.get("classes") or _classes(folder)
    if not isinstance(classes, list | tuple) or not all(isinstance(c, str) for c in classes):
        raise InputError(f"{path}: classes = {classes!r}: expected names")
    sensor = entries.get("sensor")
    if sensor is None:
        sensor = _first_sensor(folder, path, how)
    elif len(sensor) != 3 or not all(type(size) is int and size > 0 for size in sensor):
        raise InputError(f"{path}: sensor = {sensor!r}: expected channels, height and width")
    channels, height, width = sensor
    return FolderDataset(folder, (channels, height, width), tuple(classes), how)


def _places(folder: Path, split: str) -> list[Path]:
    return [folder / name for name in SPLITS[split] if (folder / name).is_dir()]


def _classes(folder: Path) -> tuple[str, ...]:
    """Names of the folders of both splits, numbers by their value."""
    names = {
        path.name
        for split in SPLITS
        for place in _places(folder, split)
        for path in place.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    }
    if not names:
        raise InputError(
            f"{folder}: expected a data set's folder, with train/CLASS/FILE or test/CLASS/FILE"
        )
    if all(name.isdecimal() for name in names):
        return tuple(sorted(names, key=int))
    return tuple(sorted(names))


def _first_sensor(folder: Path, description: Path, how: Reading) -> Shape:
    from tickless.sw.data.formats.recording_file import decode

    files = (
        path
        for split in SPLITS
        for place in _places(folder, split)
        for path in sorted(place.glob("*/*"))
        if path.is_file()
    )
    first = next(files, None)
    if first is None:
        raise InputError(f"{folder}: expected recordings, in train/CLASS/FILE or test/CLASS/FILE")
    size = decode(first, how.form, how.chip).size
    fitting = how.fitting
    if fitting.crop is not None:
        size = fitting.crop[2:]
    if size is None:
        raise InputError(
            f"{first}: the file does not state its sensor: expected it in {description}, as "
            "sensor = [2, 34, 34]: channels, height and width"
        )
    width, height = (-(-extent // fitting.downsample) for extent in size)
    return (2 if fitting.polarity in (None, "both") else 1, height, width)


def _read(sensor: Shape, how: Reading, path: Path) -> Events:
    [events] = how.samples(path, sensor)
    return events
