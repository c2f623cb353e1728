"""Folder data set: recordings of any format in folders of their classes.

``<folder>/{train,test}/<class>/*`` (or ``Train``, ``Test``); ``dataset.toml`` in the folder says
what the files do not::

    sensor = [2, 34, 34]         # channels, height, width; by default the first file's, ON and OFF
    classes = ["cat", "dog"]     # names of the folders in the order of the labels
    crop = "100,80,128x128"      # as the options, which come before it; likewise downsample,
    columns = "t,x,y,p"          # polarity, time_unit, chip, window and allow_outside

    [augmentation]               # settings of training, unless an experiment of one's own has them
    flip = true                  # likewise roll and shift
"""

import tomllib
import warnings
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from tickless.errors import InputError
from tickless.progress import bar
from tickless.sw.data.events import Events, EventsError
from tickless.sw.data.formats.recording_file import FORMATS, decode
from tickless.sw.data.losses import FileWarning
from tickless.sw.data.options import DEFAULTS, Reading, reading_of
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.geometry import Shape

__all__ = ["DESCRIPTION", "FolderDataset", "folder_dataset"]

DESCRIPTION = "dataset.toml"

SPLITS = {"train": ("train", "Train"), "test": ("test", "Test")}

AUGMENTATION: dict[str, tuple[type, int]] = {
    "flip": (bool, 1),
    "roll": (int, 127),
    "shift": (int, 127),
}
"""Entries of an augmentation: their types and largest values."""


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
    augmentation : dict
        Settings of training (`sw.training.settings.Settings`) that it has for augmentation.
    """

    folder: Path
    sensor: Shape
    classes: tuple[str, ...]
    reading: Reading
    augmentation: dict[str, Any]

    def load(self, split: str) -> Recordings:
        """Recordings of ``train``, ``test`` or ``all``, in order of label and file name; with a
        window each file is read once to see how many samples it has.

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
        name = f"{self.folder.name}-{split}"
        if self.reading.fitting.window is None:
            make = partial(_read, self.sensor, self.reading)
            return Recordings(make, paths, labels, name, paths)
        keys, of_windows = [], []
        for path, label in bar(pairs, "cutting recordings into windows", "file"):
            windows = _count_windows(path, path.stat().st_mtime_ns, self.sensor, self.reading)
            keys += [(path, number) for number in range(windows)]
            of_windows += [label] * windows
        make = partial(_read_window, self.sensor, self.reading)
        return Recordings(make, keys, of_windows, name, paths)

    def _files(self, split: str) -> list[tuple[Path, int]]:
        found = []
        for place in _places(self.folder, split):
            for path in _visible(place):
                if path.is_dir():
                    found += [(file, self._label(path)) for file in self._of_class(path)]
                elif path.suffix.lower() in FORMATS:
                    raise EventsError(f"{path}: expected in the folder of a class, {place}/CLASS")
        return sorted(found, key=lambda pair: (pair[1], pair[0].name))

    def _of_class(self, folder: Path) -> list[Path]:
        """Files of a class; a link that leads nowhere is one that cannot be read."""
        files = _visible(folder)
        for path in files:
            if path.exists() and not path.is_file():
                what = "a folder" if path.is_dir() else "a pipe or device"
                raise EventsError(f"{path}: expected a recording, not {what} in a class's folder")
        if not files:
            warnings.warn(f"{folder}: no recordings of this class", FileWarning, stacklevel=2)
        return files

    def _label(self, folder: Path) -> int:
        if folder.name not in self.classes:
            known = ", ".join(self.classes[:10])
            raise EventsError(
                f"{folder}: expected the name of a class of {self.folder / DESCRIPTION}: {known}"
            )
        return self.classes.index(folder.name)


@cache
def folder_dataset(folder: Path, changes: tuple[tuple[str, Any], ...] = ()) -> FolderDataset:
    """Data set of a folder.

    Parameters
    ----------
    changes : tuple of (str, Any)
        Entries of `sw.data.options.DEFAULTS` that take the place of the description's.

    Raises
    ------
    InputError
        If it has no recordings, or its description is wrong; the message names the entry.
    """
    path = folder / DESCRIPTION
    try:
        # As some editors write it, with a mark of UTF-8 in front.
        entries = tomllib.loads(path.read_text("utf-8-sig")) if path.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    _refuse_unknown(path, entries, ("sensor", "classes", *DEFAULTS, "augmentation"))
    _refuse_unknown(f"{folder}?", dict(changes), tuple(DEFAULTS))
    entries |= dict(changes)
    for name, default in DEFAULTS.items():
        kind = str if default is None else type(default)
        if type(entries.get(name, default)) not in (kind, type(default)):
            raise InputError(f"{path}: {name} = {entries[name]!r}: expected {kind.__name__}")
    how = reading_of({name: entries[name] for name in DEFAULTS if name in entries})
    classes = entries.get("classes") or _classes(folder)
    if not isinstance(classes, list | tuple) or not all(isinstance(c, str) for c in classes):
        raise InputError(f"{path}: classes = {classes!r}: expected names")
    if len(set(classes)) < len(classes):
        raise InputError(f"{path}: classes = {classes!r}: expected each name once")
    augmentation = _augmentation(path, entries.get("augmentation", {}))
    sensor = entries.get("sensor")
    if sensor is None:
        sensor = _first_sensor(folder, path, how)
    elif (
        not isinstance(sensor, list)
        or len(sensor) != 3
        or not all(type(size) is int and size > 0 for size in sensor)
    ):
        raise InputError(f"{path}: sensor = {sensor!r}: expected channels, height and width")
    channels, height, width = sensor
    return FolderDataset(folder, (channels, height, width), tuple(classes), how, augmentation)


def _refuse_unknown(where: object, entries: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in entries:
        if name not in known:
            raise InputError(f"{where}: {name}: expected one of {', '.join(known)}")


def _augmentation(path: Path, entries: Any) -> dict[str, Any]:
    if not isinstance(entries, dict):
        raise InputError(f"{path}: augmentation = {entries!r}: expected a table [augmentation]")
    _refuse_unknown(f"{path}: augmentation", entries, tuple(AUGMENTATION))
    for name, value in entries.items():
        kind, most = AUGMENTATION[name]
        if type(value) is not kind or not 0 <= value <= most:
            expected = "true or false" if kind is bool else f"an integer in 0..{most}"
            raise InputError(f"{path}: augmentation: {name} = {value!r}: expected {expected}")
    return dict(entries)


def _places(folder: Path, split: str) -> list[Path]:
    return [folder / name for name in SPLITS[split] if (folder / name).is_dir()]


def _visible(folder: Path) -> list[Path]:
    """What lies in a folder, in order, but for hidden files."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _classes(folder: Path) -> tuple[str, ...]:
    """Names of the folders of both splits, numbers by their value."""
    names = {
        path.name
        for split in SPLITS
        for place in _places(folder, split)
        for path in _visible(place)
        if path.is_dir()
    }
    if not names:
        raise InputError(
            f"{folder}: expected a data set's folder, with train/CLASS/FILE or test/CLASS/FILE"
        )
    if all(name.isdecimal() for name in names):
        return tuple(sorted(names, key=int))
    return tuple(sorted(names))


def _first_sensor(folder: Path, description: Path, how: Reading) -> Shape:
    files = (
        path
        for split in SPLITS
        for place in _places(folder, split)
        for of_class in _visible(place)
        if of_class.is_dir()
        for path in _visible(of_class)
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


@cache
def _count_windows(path: Path, changed: int, sensor: Shape, how: Reading) -> int:
    return len(how.samples(path, sensor))


def _read_window(sensor: Shape, how: Reading, key: tuple[Path, int]) -> Events:
    path, number = key
    return _windows(path, path.stat().st_mtime_ns, sensor, how)[number]


@lru_cache(maxsize=1)
def _windows(path: Path, changed: int, sensor: Shape, how: Reading) -> list[Events]:
    """Of the last file, since most are asked for one after the other."""
    return how.samples(path, sensor)
