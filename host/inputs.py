"""Recordings of a data set that are sent to a board."""

from functools import partial

from tickless.errors import InputError
from tickless.sw.data.catalog import at_random
from tickless.sw.data.catalog import sensor as dataset_sensor
from tickless.sw.data.files import NamedRecording
from tickless.sw.integer.geometry import Shape

__all__ = ["dataset_recordings"]


def dataset_recordings(
    dataset: str, count: int | None, seed: int, sensor: Shape
) -> list[NamedRecording]:
    """Recordings of a data set's test part, chosen at random.

    Parameters
    ----------
    count : int or None
        How many, or as many as `sw.data.catalog.at_random` likes.
    sensor : Shape
        Extent of the board's input.

    Raises
    ------
    InputError
        If there are fewer, or the sensor is another one.
    EventsError
        If recordings are missing.
    """
    if (own := dataset_sensor(dataset)) != sensor:
        raise InputError(f"{dataset}: its sensor is {own}, the board's {sensor}")
    (part,) = at_random(dataset, count, seed)
    return [
        NamedRecording(name, label, partial(part.make, key))
        for name, label, key in zip(part.names, part.labels, part.keys, strict=True)
    ]
