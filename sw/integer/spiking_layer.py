"""Spiking layer of the fast engine."""

from collections.abc import Sequence

import numpy as np

from tickless.sw.integer.checks import NO_READS, check_sample, is_real
from tickless.sw.integer.edge_tables import EdgeTables, aligned_zeros
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.kernels import integrate, unpack
from tickless.sw.integer.layer import Reset
from tickless.sw.integer.trace import LayerTrace

__all__ = ["SpikingLayer"]

FIRINGS = 8192
"""Firings that are gathered before they become spikes; few enough for the CPU's cache."""


class SpikingLayer:
    """Integrate-and-fire layer, prepared to run many samples.

    Integer arrays give the contract's neuron. Its membranes are int16 where all sums of membrane
    and weight fit, else int32, which they must fit. float32 arrays give the same neuron on float32
    membranes.

    Parameters
    ----------
    edges : sequence of (Geometry, numpy.ndarray)
        Address arithmetic and weights, int8, int16, int32 or float32, of the edge from the layer
        before and of a shortcut, if any; integer or real both.
    threshold, floor : numpy.ndarray
        int32 or float32 of shape ``(channels,)``; no floor is above 0.
    ceil : int or float
        Highest membrane, at least 0; infinity for none.
    reset : str
        As in `sw.integer.layer.Layer`.

    Members
    -------
    edges : EdgeTables
        Tables of the edges; with a shortcut, its `join` makes the events to run.
    """

    def __init__(
        self,
        edges: Sequence[tuple[Geometry, np.ndarray]],
        threshold: np.ndarray,
        floor: np.ndarray,
        ceil: float,
        reset: Reset = "subtract",
    ):
        real, *others = {is_real(*edge) for edge in edges}
        if others:
            raise ValueError("shortcut: expected integers or real numbers, as the layer's weights")
        self._result = np.float32 if real else np.int32
        short = not real and _fits_int16([weight for _, weight in edges], threshold, floor, ceil)
        self._dtype = np.int16 if short else self._result
        self._shape = edges[0][0].output_shape
        self.edges = EdgeTables(edges, threshold, floor, self._dtype)
        self._ceil = self._dtype(ceil)
        self._rest = 0 if reset == "zero" else None

    def run(
        self,
        events: np.ndarray,
        reads: np.ndarray = NO_READS,
        before: np.ndarray | None = None,
    ) -> LayerTrace:
        """What the layer does with one sample, or a piece of one; its membranes are int32 or
        float32.

        Parameters
        ----------
        events : numpy.ndarray
            int32 ``[n, 3]``: ``(channel, y, x)`` in order, all of them in the layer's input.
        reads : numpy.ndarray
            int64 ``[reads]``: events before each READ, not decreasing.
        before : numpy.ndarray, optional
            Membranes that the sample's earlier events have left, as a trace has them; 0 by default.

        Raises
        ------
        ValueError
            If an event lies outside the layer's input, or an argument has another form.
        """
        reads, events = check_sample(events, reads), np.ascontiguousarray(events)
        channels, height, width = self._shape
        membrane = aligned_zeros(channels * height * width, self._dtype)
        if before is not None:
            membrane[: before.size] = before.transpose(1, 2, 0).ravel()
        firings = np.empty(FIRINGS + self.edges.most, np.uint64)
        marks = np.empty(len(reads), np.int64)
        index = sent = sops = 0
        spikes = np.empty((0, 3), np.int32)
        while index < len(events):
            index, count, sent, operations = integrate(
                events, index, reads, *self.edges.arrays, self._ceil, self._rest,
                membrane, firings, FIRINGS, sent, marks,
            )  # fmt: skip
            unpacked = len(spikes)
            spikes.resize((sent, 3), refcheck=False)
            unpack(firings[:count], np.uint32(channels), np.uint32(width), spikes[unpacked:])
            sops += operations
        marks[reads == len(events)] = sent
        by_position = membrane[: channels * height * width].reshape(height, width, channels)
        return LayerTrace(
            spikes=spikes,
            read_positions=marks,
            membrane=np.ascontiguousarray(by_position.transpose(2, 0, 1), self._result),
            events=len(events),
            sops=sops,
        )


def _fits_int16(
    weights: Sequence[np.ndarray], threshold: np.ndarray, floor: np.ndarray, ceil: float
) -> bool:
    """Whether int16 holds all thresholds and all sums of a membrane and a weight."""
    membrane = max(ceil, *np.abs(floor.astype(np.int64)).tolist())
    weight = max(int(np.abs(array.astype(np.int64)).max(initial=0)) for array in weights)
    return max(membrane + weight, int(threshold.max())) < 1 << 15
