"""Recordings that are sent to a board: files, or a part of a data set."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tickless.errors import InputError
from tickless.sw.data import aedat4, atis, dvsgesture, ncaltech101
from tickless.sw.data.catalog import SENSORS, UNLABELLED, load
from tickless.sw.data.cifar10dvs import CLASSES as CIFAR10_CLASSES
from tickless.sw.data.events import Events, EventsError
from tickless.sw.integer.geometry import Shape

__all__ = ["NamedRecording", "dataset_recordings", "file_recording"]

USUAL_SAMPLES = 20
"""Recordings of a data set where none says how many."""


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


def file_recording(path: Path, sensor: Shape) -> NamedRecording:
    """Recording in a file: ATIS (``.bin``), DVS-Gesture's ``.npy`` or ``.aedat4``.

    The label follows from the folder's name, a number or a class of N-Caltech101 or CIFAR10-DVS, or
    from a name ``<label>.npy``.

    Parameters
    ----------
    sensor : Shape
        Extent of the board's input.

    Raises
    ------
    EventsError
        If the file is of another kind, or another sensor's; `NamedRecording.read` checks the
        content.
    """
    folder, read = path.parent.name, partial(atis.read, path, sensor)
    label = int(folder) if folder.isdecimal() else UNLABELLED
    needed = sensor
    match path.suffix:
        case ".bin" if folder in ncaltech101.CLASSES:
            label, needed = ncaltech101.CLASSES.index(folder), ncaltech101.SENSOR
            read = partial(ncaltech101.read, path)
        case ".bin":
            pass
        case ".npy":
            label = int(path.stem) if path.stem.isdecimal() else UNLABELLED
            needed, read = dvsgesture.SENSOR, partial(dvsgesture.read, path)
        case ".aedat4":
            if folder in CIFAR10_CLASSES:
                label = CIFAR10_CLASSES.index(folder)
            read = partial(aedat4.read, path, sensor)
        case _:
            raise EventsError(f"{path}: expected a recording *.bin, *.npy or *.aedat4")
    if needed != sensor:
        raise EventsError(f"{path}: its sensor is {needed}, the board's {sensor}")
    return NamedRecording("/".join(path.parts[-2:]), label, read)


def dataset_recordings(
    dataset: str, count: int | None, seed: int, sensor: Shape
) -> list[NamedRecording]:
    """Recordings of a data set's test part, chosen at random.

    Parameters
    ----------
    count : int or None
        How many; `USUAL_SAMPLES`, or all there are, where None.
    sensor : Shape
        Extent of the board's input.

    Raises
    ------
    InputError
        If there are fewer, or the sensor is another one.
    EventsError
        If recordings are missing.
    """
    if SENSORS[dataset] != sensor:
        raise InputError(f"{dataset}: its sensor is {SENSORS[dataset]}, the board's {sensor}")
    samples = load(dataset, "test")
    if count is None:
        count = min(USUAL_SAMPLES, len(samples))
    if not 1 <= count <= len(samples):
        raise InputError(f"samples = {count}: expected 1..{len(samples)}, as {dataset} has here")
    chosen = random.Random(seed).sample(range(len(samples)), count)
    return [
        NamedRecording(
            f"{samples.name} {index}",
            samples.labels[index],
            partial(samples.make, samples.keys[index]),
        )
        for index in chosen
    ]
