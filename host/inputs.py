"""Recordings of a data set that are sent to a board."""

import random
from functools import partial

from tickless.sw.data.catalog import SENSORS, load
from tickless.sw.data.files import NamedRecording
from tickless.sw.integer.geometry import Shape

__all__ = ["dataset_recordings"]

USUAL_SAMPLES = 20
"""Recordings of a data set where none says how many."""


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
    ValueError
        If there are fewer, or the sensor is another one.
    EventsError
        If recordings are missing.
    """
    if SENSORS[dataset] != sensor:
        raise ValueError(f"{dataset}: its sensor is {SENSORS[dataset]}, the board's {sensor}")
    samples = load(dataset, "test")
    if count is None:
        count = min(USUAL_SAMPLES, len(samples))
    if not 1 <= count <= len(samples):
        raise ValueError(f"samples = {count}: expected 1..{len(samples)}, as {dataset} has here")
    chosen = random.Random(seed).sample(range(len(samples)), count)
    return [
        NamedRecording(
            f"{samples.name} {index}",
            samples.labels[index],
            partial(samples.make, samples.keys[index]),
        )
        for index in chosen
    ]
