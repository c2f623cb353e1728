"""Samples of an experiment: labelled recordings of a data set."""

from dataclasses import dataclass

import numpy as np

from tickless.errors import InputError
from tickless.sw.data.catalog import UNLABELLED, at_random
from tickless.sw.data.events import Events
from tickless.sw.integer.network import Network

__all__ = ["LabelledSample", "choose_samples"]


@dataclass(frozen=True, eq=False)
class LabelledSample:
    """One labelled recording.

    Members
    -------
    events : Events
        The recording.
    label : int
        True class, or `sw.data.catalog.UNLABELLED`.
    of_test_set : bool
        Whether it belongs to a labelled test set.
    """

    events: Events
    label: int
    of_test_set: bool

    @property
    def addresses(self) -> np.ndarray:
        """int32 ``[n, 3]``: ``(channel, y, x)``."""
        return self.events.addresses


def choose_samples(
    dataset: str, network: Network, count: int | None, seed: int
) -> list[LabelledSample]:
    """Recordings chosen at random, all of the test set before any of the training set.

    Parameters
    ----------
    count : int or None
        How many, or as many as `sw.data.catalog.at_random` likes.

    Raises
    ------
    InputError
        If there are fewer, or the network has another sensor.
    """
    if count is not None and count < 1:
        raise InputError(f"samples = {count}: expected at least 1")
    parts = at_random(dataset, count, seed, ("test", "train"))
    chosen = [
        LabelledSample(events, label, part is parts[0] and label != UNLABELLED)
        for part in parts
        for events, label in part
    ]
    if chosen[0].events.sensor != network.input_shape:
        raise InputError(
            f"the network's sensor is {network.input_shape}, "
            f"{dataset} needs {chosen[0].events.sensor}"
        )
    return chosen
