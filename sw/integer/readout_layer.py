"""Readout of the fast engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tickless.sw.compiled import compiled
from tickless.sw.integer.checks import NO_READS, check_sample, is_real
from tickless.sw.integer.geometry import Geometry

__all__ = ["ReadoutLayer", "ReadoutTrace"]


@dataclass(frozen=True, eq=False)
class ReadoutTrace:
    """What a readout does with one sample.

    Members
    -------
    logits : numpy.ndarray
        int32 or float32 ``[classes]``: answer to END.
    read_logits : numpy.ndarray
        int32 or float32 ``[reads, classes]``: answers to each READ.
    events, sops, saturations : int
        Events received, synaptic operations, logit updates that saturated.
    """

    logits: np.ndarray
    read_logits: np.ndarray
    events: int
    sops: int
    saturations: int


class ReadoutLayer:
    """Readout, prepared to run many samples.

    Parameters
    ----------
    geometry : Geometry
        Address arithmetic.
    weight : numpy.ndarray
        int8, int32 or float32 of shape ``geometry.weight_shape``.
    ceil : int or float
        Highest logit, ``-ceil - 1`` being the lowest; infinity, for float32 only, for no limits.
    initial : sequence of int or float
        Logits with which a sample begins, one a class; empty where all begin at 0.
    """

    def __init__(
        self,
        geometry: Geometry,
        weight: np.ndarray,
        ceil: float,
        initial: Sequence[float] | np.ndarray = (),
    ):
        dtype = np.float32 if is_real(geometry, weight) else np.int32
        limit = np.float32 if dtype is np.float32 else np.int64
        self._limits = limit(-ceil - 1), limit(ceil)
        classes, channels = weight.shape[:2]
        by_class = weight.reshape(classes, channels, -1).transpose(1, 2, 0)
        self._weight = np.ascontiguousarray(by_class, dtype)
        self._initial = np.zeros(classes, dtype)
        if len(initial):
            self._initial[:] = initial
        self._place = np.full(geometry.input_shape[1:], -1, np.int32)
        height, width = (geometry.pool * size for size in geometry.kernel)
        kernel = np.arange(geometry.kernel[0] * geometry.kernel[1]).reshape(geometry.kernel)
        pooled = np.ones((geometry.pool, geometry.pool), np.int32)
        self._place[:height, :width] = np.kron(kernel, pooled)

    def run(
        self,
        events: np.ndarray,
        reads: np.ndarray = NO_READS,
        before: np.ndarray | None = None,
    ) -> ReadoutTrace:
        """What the readout does with one sample, or a piece of one; parameters and errors as
        `SpikingLayer.run`, ``before`` being logits."""
        reads, events = check_sample(events, reads), np.ascontiguousarray(events)
        classes = self._weight.shape[2]
        logits = self._initial.copy()
        if before is not None:
            logits[:] = before
        answers = np.empty((len(reads), classes), self._weight.dtype)
        reached, saturations = _accumulate(
            events, reads, self._place, self._weight, *self._limits, logits, answers
        )
        return ReadoutTrace(logits, answers, len(events), reached * classes, saturations)

    def decision(self, events: np.ndarray, margin: int) -> int | None:
        """Number of the event, from 0, after which the largest logit leads by a margin at last."""
        logits = self._initial.astype(np.int64)
        index = _first_lead(events, self._place, self._weight, *self._limits, logits, margin)
        return None if index < 0 else index


@partial(compiled, nogil=True)
def _accumulate(events, reads, place, weight, low, high, logits, answers):
    """Run a readout over all its events.

    Parameters
    ----------
    events, reads
        Of `ReadoutLayer.run`.
    place : int32 [height, width]
        Kernel position of each input position; -1 for one that pooling drops.
    weight : [channels, kernel positions, classes]
        Weights.
    low, high
        Range in which logits saturate; infinite for real ones.
    logits : [classes]
        Logits; changed.
    answers : [reads, classes]
        Logits at each READ; changed.

    Returns
    -------
    tuple of int
        Events that reach the logits, updates that saturated.

    Raises
    ------
    ValueError
        If an event lies outside the layer's input.
    """
    height, width = place.shape
    visits = saturations = mark = 0
    for index in range(len(events) + 1):
        while mark < len(reads) and reads[mark] == index:
            answers[mark] = logits
            mark += 1
        if index == len(events):
            break
        channel, y, x = events[index, 0], events[index, 1], events[index, 2]
        if not (0 <= channel < len(weight) and 0 <= y < height and 0 <= x < width):
            raise ValueError("event outside the layer's input")
        if place[y, x] < 0:
            continue
        visits += 1
        synapses = weight[channel, place[y, x]]
        for k in range(len(logits)):
            total = logits[k] + synapses[k]
            logit = min(max(total, low), high)
            saturations += total != logit
            logits[k] = logit
    return visits, saturations


@partial(compiled, nogil=True)
def _first_lead(events, place, weight, low, high, logits, margin):
    """First event after which a readout's largest logit leads the second largest by a margin.

    Parameters are those of `_accumulate`; -1 if there is none.
    """
    for index in range(len(events)):
        channel, y, x = events[index, 0], events[index, 1], events[index, 2]
        best = second = low
        for k in range(len(logits)):
            if place[y, x] >= 0:
                logits[k] = min(max(logits[k] + weight[channel, place[y, x], k], low), high)
            if logits[k] > best:
                best, second = logits[k], best
            elif logits[k] > second:
                second = logits[k]
        if best - second >= margin:
            return index
    return -1
