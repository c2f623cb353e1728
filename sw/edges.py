"""Edges into a spiking layer as tables, for compiled code."""

from collections.abc import Sequence

import numpy as np

from sw.geometry import Geometry
from sw.kernels import LANES
from sw.visits import visit_table

__all__ = ["EdgeTables"]


class EdgeTables:
    """Tables of all edges into one layer, whose input channels stand behind one another.

    Membranes are ``[rows, columns, lanes]``, one lane an output channel. An event updates the
    channels of its group in whole registers; neighbours that the last register also holds keep
    their membranes, for they get no weight and a threshold that they cannot reach.

    Parameters
    ----------
    edges : sequence of (Geometry, numpy.ndarray)
        Address arithmetic and weights of each edge.
    threshold, floor : numpy.ndarray
        Of each output channel. All values become of type ``dtype``.
    dtype : type
        int32 or float32.

    Members
    -------
    lanes : int
        Lanes of an output position, some of them behind the last channel.
    most : int
        Most neurons that one event reaches.
    arrays : tuple of numpy.ndarray
        ``inputs``, ``place``, ``visits``, ``weight``, ``threshold`` and ``floor`` of
        `sw.kernels.integrate`.
    """

    def __init__(
        self,
        edges: Sequence[tuple[Geometry, np.ndarray]],
        threshold: np.ndarray,
        floor: np.ndarray,
        dtype: type[np.float32] | type[np.int32],
    ):
        channels = len(threshold)
        sizes = [channels // geometry.groups for geometry, _ in edges]
        registers = [-(-size // LANES) * LANES for size in sizes]
        self.lanes = channels + max(r - size for r, size in zip(registers, sizes, strict=True))
        self.most = 0
        never = np.inf if dtype == np.float32 else np.iinfo(np.int32).max
        bar, low = _pad(threshold, self.lanes, dtype), _pad(floor, self.lanes, dtype)
        extents = [geometry.input_shape[1:] for geometry, _ in edges]
        height, width = np.max(extents, axis=0)
        place = np.zeros((len(edges), height, width + 1), np.int32)
        inputs, visits, weights, bars, lows = [], [], [], [], []
        for edge, (geometry, weight) in enumerate(edges):
            size, padded, groups = sizes[edge], registers[edge], geometry.groups
            sent, height, width = geometry.input_shape
            group = np.arange(sent) // (sent // groups)
            by_group = weight.reshape(groups, size, sent // groups, *geometry.kernel)
            synapses = _pad(by_group.transpose(0, 2, 3, 4, 1), padded, dtype).reshape(sent, -1)
            row = np.empty((sent, 7), np.int64)
            row[:, :3] = edge, height, width
            row[:, 3], row[:, 4] = group * size, size
            row[:, 5] = sum(map(np.size, bars)) + group * padded
            row[:, 6] = sum(map(np.size, weights)) + np.arange(sent) * synapses.shape[1]
            starts, reached = visit_table(geometry, self.lanes, padded)
            place[edge, :height, : width + 1] = starts + sum(map(len, visits))
            self.most = max(self.most, size * int(np.diff(starts, axis=1).max()))
            lane = np.arange(groups)[:, None] * size + np.arange(padded)
            inputs.append(row)
            visits.append(reached)
            weights.append(synapses.reshape(-1))
            bars.append(np.where(np.arange(padded) < size, bar[lane], dtype(never)).reshape(-1))
            lows.append(low[lane].reshape(-1))
        parts = (np.concatenate(part) for part in (visits, weights, bars, lows))
        self.arrays = (np.concatenate(inputs), place, *parts)


def _pad(array: np.ndarray, padded: int, dtype: type) -> np.ndarray:
    """Copy of an array whose last axis is filled up with zeros."""
    result = np.zeros((*array.shape[:-1], padded), dtype)
    result[..., : array.shape[-1]] = array
    return result
