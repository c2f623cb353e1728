"""Recordings in files, as samples of a network."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tickless.sw.data import dvsgesture, ncaltech101
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.data.cifar10dvs import CLASSES as CIFAR10_CLASSES
from tickless.sw.data.events import Events, EventsError
from tickless.sw.data.fitting import Fitting
from tickless.sw.data.formats.tables import TableForm
from tickless.sw.data.options import Reading
from tickless.sw.data.recordings import file_name
from tickless.sw.integer.geometry import Shape

__all__ = ["NamedRecording", "file_recordings"]

AS_IT_IS = Reading(TableForm(), None, Fitting())


@dataclass(frozen=True)
class NamedRecording:
    """A recording that is read when it is needed.

    Members
    -------
    name : str
        Where it is from.
    label : int
        True class, or `sw.data.catalog.UNLABELLED`.
    read : callable
        Returns the events.
    """

    name: str
    label: int
    read: Callable[[], Events]


def file_recordings(
    paths: Iterable[Path], sensor: Shape, reading: Reading = AS_IT_IS, classes: int | None = None
) -> list[NamedRecording]:
    """Recordings in files of any format of `sw.data.formats.recording_file`, one a file, or one a
    window.

    The label follows from the folder's name, a number or a class of N-Caltech101 or CIFAR10-DVS, or
    from DVS-Gesture's names, ``user<n>_<light>/<label>.npy``.

    Parameters
    ----------
    sensor : Shape
        Extent of the network's input.
    reading : Reading
        How files are read, and fitted to the sensor.
    classes : int, optional
        Number of the network's classes: a folder's number from there on is no label.

    Raises
    ------
    EventsError
        If a file is not there, or of a data set with another sensor; with windows, all that
        `NamedRecording.read` raises if the content does not fit.
    """
    recordings = []
    for path in paths:
        if not path.is_file():
            what = "No such file" if not path.exists() else "expected a file"
            raise EventsError(f"{path}: cannot be read: {what}")
        label, own = _origin(path)
        if classes is not None and label >= classes:
            label = UNLABELLED
        name = file_name(path)
        if own is not None:
            read, needed = own
            if needed != sensor:
                raise EventsError(f"{path}: its sensor is {needed}, the network's {sensor}")
            recordings.append(NamedRecording(name, label, partial(read, path)))
        elif reading.fitting.window is None:
            recordings.append(NamedRecording(name, label, partial(_one, path, sensor, reading)))
        else:
            recordings += [
                NamedRecording(file_name(path, number), label, partial(_itself, events))
                for number, events in enumerate(reading.samples(path, sensor))
            ]
    return recordings


def _origin(path: Path) -> tuple[int, tuple[Callable[[Path], Events], Shape] | None]:
    """Label of a file, and reader and sensor of the data set that it is of, if that has its own."""
    folder = path.parent.name
    if path.suffix == ".bin" and folder in ncaltech101.CLASSES:
        label = ncaltech101.CLASSES.index(folder)
        return label, (ncaltech101.read, ncaltech101.SENSOR)
    if path.suffix == ".npy" and folder.startswith("user") and path.stem.isdecimal():
        return int(path.stem), (dvsgesture.read, dvsgesture.SENSOR)
    if path.suffix == ".aedat4" and folder in CIFAR10_CLASSES:
        return CIFAR10_CLASSES.index(folder), None
    return (int(folder) if folder.isdecimal() else UNLABELLED), None


def _one(path: Path, sensor: Shape, reading: Reading) -> Events:
    [events] = reading.samples(path, sensor)
    return events


def _itself(events: Events) -> Events:
    return events
