"""Thresholds that suit recordings, found layer by layer on the integers of the contract."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.checks import NO_READS
from tickless.sw.integer.layer import Edge, membrane_bits
from tickless.sw.integer.spiking_layer import SpikingLayer
from tickless.sw.integer.trace import LayerTrace

__all__ = ["MAX_THRESHOLD", "SPIKES_PER_EVENT", "ThresholdSearch"]

SPIKES_PER_EVENT = 0.7
"""Spikes that a layer makes of an event by default, so that no later layer is busier than the
first."""

MAX_THRESHOLD = 1 << 15


class ThresholdSearch:
    """Search for the thresholds of a network's spiking layers, one after the other.

    Parameters
    ----------
    recordings : sequence of numpy.ndarray
        int32 ``[n, 3]``: events ``(channel, y, x)`` inside the sensor.
    spikes : int, optional
        Fewest spikes of a layer on any recording: the threshold is the highest that gives them. By
        default it is the lowest that gives at most `SPIKES_PER_EVENT` spikes of an event, on all
        recordings together.
    """

    def __init__(self, recordings: Sequence[np.ndarray], spikes: int | None = None):
        self._arriving = [_Arriving(events) for events in recordings]
        self._spikes = spikes

    def threshold(self, name: str, edges: Sequence[Edge], forks: bool) -> int:
        """Threshold of the next layer; its floor is as far below zero.

        Parameters
        ----------
        name : str
            What the layer is called.
        edges : sequence of Edge
            The edges into it.
        forks : bool
            Whether a shortcut begins at it.

        Raises
        ------
        InputError
            If it cannot make as many spikes as are wanted.
        """
        if len(edges) > 1:
            layer = _layer(edges, MAX_THRESHOLD)
            self._arriving = [before.joined(layer) for before in self._arriving]
        low, high = 1, MAX_THRESHOLD + 1
        while low < high:
            middle = (low + high) // 2
            if self._spikes_much(self._run(edges, middle)):
                low = middle + 1
            else:
                high = middle
        threshold = min(low, MAX_THRESHOLD) if self._spikes is None else low - 1
        found = self._run(edges, max(1, threshold))
        if not threshold:
            least = min(len(trace.spikes) for trace in found)
            raise InputError(
                f"layer {name!r}: {least:,} spikes with a threshold of 1: expected {self._spikes:,}"
            )
        self._arriving = [
            before.behind(trace, forks) for before, trace in zip(self._arriving, found, strict=True)
        ]
        return threshold

    def _run(self, edges: Sequence[Edge], threshold: int) -> list[LayerTrace]:
        layer = _layer(edges, threshold)
        return [layer.run(each.events, each.marks) for each in self._arriving]

    def _spikes_much(self, traces: Sequence[LayerTrace]) -> bool:
        """Whether a layer with these traces has its spikes, or more than by default."""
        counts = [len(trace.spikes) for trace in traces]
        if self._spikes is not None:
            return min(counts) >= self._spikes
        return sum(counts) > SPIKES_PER_EVENT * sum(len(each.events) for each in self._arriving)


@dataclass(frozen=True, eq=False)
class _Arriving:
    """What of one recording arrives at a layer.

    Members
    -------
    events : numpy.ndarray
        int32 ``[n, 3]``: of the layer before.
    fork : numpy.ndarray or None
        Spikes of the layer at which the shortcut begins that is still to come.
    marks : numpy.ndarray
        int64: events before each of those spikes, and all of them; empty without a fork.
    """

    events: np.ndarray
    fork: np.ndarray | None = None
    marks: np.ndarray = field(default_factory=lambda: NO_READS)

    def joined(self, layer: SpikingLayer) -> "_Arriving":
        """The same for the layer to which the shortcut leads."""
        assert self.fork is not None
        return _Arriving(layer.edges.join(self.events, self.fork, self.marks[:-1]))

    def behind(self, trace: LayerTrace, forks: bool) -> "_Arriving":
        """What arrives behind a layer with this trace, at which a shortcut may begin."""
        if forks:
            return _Arriving(trace.spikes, trace.spikes, np.arange(len(trace.spikes) + 1))
        return _Arriving(trace.spikes, self.fork, trace.read_positions)


def _layer(edges: Sequence[Edge], threshold: int) -> SpikingLayer:
    thresholds = np.full(edges[0].geometry.output_shape[0], threshold, np.int32)
    ceil = (1 << (membrane_bits(threshold, -threshold) - 1)) - 1
    pairs = [(edge.geometry, edge.weight) for edge in edges]
    return SpikingLayer(pairs, thresholds, -thresholds, ceil)
