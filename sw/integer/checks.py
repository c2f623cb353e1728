"""Form of what an engine is given: a layer's weights, events in order, places of READ markers."""

from collections.abc import Sequence

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry

__all__ = ["NO_READS", "check_margin", "check_sample", "is_real"]

LARGEST_LEAD = (1 << 32) - 1
"""Most by which one logit of 32 bits leads another."""

NO_READS = np.zeros(0, np.int64)
"""READ positions of a sample that has none."""


def check_sample(events: np.ndarray, reads: Sequence[int] | np.ndarray) -> np.ndarray:
    """READ positions as int64 ``[reads]``, after a check of the sample's form.

    Parameters
    ----------
    events : numpy.ndarray
        int32 ``[n, 3]``: ``(channel, y, x)`` in order.
    reads : sequence of int
        Number of events before each READ: not decreasing, in ``0..n``.

    Raises
    ------
    ValueError
        If one of them has another form; the message says which, and what was expected.
    """
    if not isinstance(events, np.ndarray):
        raise ValueError(f"events: expected a numpy array, got {type(events).__name__}")
    if events.dtype != np.int32 or events.ndim != 2 or events.shape[1] != 3:
        raise ValueError(f"events: expected int32 (n, 3), got {events.dtype} {events.shape}")
    return _check_reads(reads, len(events))


def _check_reads(reads: Sequence[int] | np.ndarray, events: int) -> np.ndarray:
    """READ positions as int64 ``[reads]``; ValueError as in `check_sample`."""
    places = np.asarray(reads)
    if places.ndim != 1 or (len(places) and places.dtype.kind not in "iu"):
        raise ValueError(f"reads = {reads!r}: expected a sequence of integers")
    places = places.astype(np.int64)
    ordered = np.concatenate(([0], places, [events]))
    if (np.diff(ordered) < 0).any():
        raise ValueError(f"reads = {reads!r}: expected ascending positions in 0..{events}")
    return places


def check_margin(margin: int | None, classes: int) -> None:
    """InputError unless a margin of early exit suits a number of classes."""
    if margin is None:
        return
    if type(margin) is not int or not 0 <= margin <= LARGEST_LEAD:
        raise InputError(f"margin = {margin!r}: expected an integer in 0..{LARGEST_LEAD}, or None")
    if classes < 2:
        raise InputError(f"margin = {margin}: expected None for a network of {classes} class")


def is_real(geometry: Geometry, weight: np.ndarray) -> bool:
    """Whether the weights are real numbers; ValueError if they are not as they must be."""
    if weight.shape != geometry.weight_shape:
        raise ValueError(f"weight: expected shape {geometry.weight_shape}, got {weight.shape}")
    if weight.dtype not in (np.int8, np.int16, np.int32, np.float32):
        raise ValueError(f"weight: expected int8, int16, int32 or float32, got {weight.dtype}")
    return weight.dtype == np.float32
