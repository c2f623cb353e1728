"""Recordings of a data set that are sent to a board."""

from functools import partial

from tickless.sw.data.catalog import at_random, check_suits
from tickless.sw.data.files import NamedRecording
from tickless.sw.integer.geometry import Shape

__all__ = ["dataset_recordings"]


def dataset_recordings(
    dataset: str, count: int | None, seed: int, sensor: Shape, classes: int
) -> list[NamedRecording]:
    """Recordings of a data set's test part, chosen at random.

    Parameters
    ----------
    count : int or None
        How many, or as many as `sw.data.catalog.at_random` likes.
    sensor, classes : Shape, int
        Extent of the board's input, and its classes.

    Raises
    ------
    InputError
        If there are fewer, or they do not suit the board.
    EventsError
        If recordings are missing.
    """
    check_suits(dataset, sensor, classes, "board")
    (part,) = at_random(dataset, count, seed)
    return [
        NamedRecording(name, label, partial(part.make, key))
        for name, label, key in zip(part.names, part.labels, part.keys, strict=True)
    ]
