"""Edges into a spiking layer as tables, for compiled code."""

from collections.abc import Sequence

import numpy as np

from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.kernels import LANES
from tickless.sw.integer.visits import visit_table

__all__ = ["EdgeTables"]


class EdgeTables:
    """Tables of the edges into one layer, whose inputs they make into one.

    Channels and rows of a second edge's input stand behind those of the first one's; `join` moves
    its events there.

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
        `sw.integer.kernels.integrate`.
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
        self._shapes = [geometry.input_shape for geometry, _ in edges]
        widest = max(width for _, _, width in self._shapes)
        inputs, places, visits, weights, bars, lows = [], [], [], [], [], []
        for (geometry, weight), size, padded in zip(edges, sizes, registers, strict=True):
            groups, (sent, _, width) = geometry.groups, geometry.input_shape
            group = np.arange(sent) // (sent // groups)
            by_group = weight.reshape(groups, size, sent // groups, *geometry.kernel)
            synapses = _pad(by_group.transpose(0, 2, 3, 4, 1), padded, dtype).reshape(sent, -1)
            table = np.empty((sent, 4), np.int64)
            table[:, 0], table[:, 1] = group * size, size
            table[:, 2] = sum(map(len, bars)) + group * padded
            table[:, 3] = sum(map(len, weights)) + np.arange(sent) * synapses.shape[1]
            starts, reached = visit_table(geometry, self.lanes, padded)
            starts += sum(map(len, visits))
            self.most = max(self.most, size * int(np.diff(starts, axis=1).max()))
            lane = np.arange(groups)[:, None] * size + np.arange(padded)
            inputs.append(table)
            places.append(np.pad(starts, ((0, 0), (0, widest - width)), "edge"))
            visits.append(reached)
            weights.append(synapses.reshape(-1))
            bars.append(np.where(np.arange(padded) < size, bar[lane], dtype(never)).reshape(-1))
            lows.append(low[lane].reshape(-1))
        parts = (inputs, places, visits, weights, bars, lows)
        self.arrays = tuple(np.concatenate(part) for part in parts)

    def join(self, longer: np.ndarray, direct: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Events of both edges as one list.

        Parameters
        ----------
        longer, direct : numpy.ndarray
            int32 ``[n, 3]``: events of the first and of the second edge.
        before : numpy.ndarray
            int64 ``[direct]``: events of the first edge before each of the second.

        Raises
        ------
        ValueError
            If an event lies outside its edge's input.
        """
        for events, shape in zip((longer, direct), self._shapes, strict=True):
            if ((events < 0) | (events >= shape)).any():
                raise ValueError("event outside the layer's input")
        channels, height, _ = self._shapes[0]
        moved = direct + np.array([channels, height, 0], np.int32)
        return np.insert(longer, before, moved, axis=0)


def _pad(array: np.ndarray, padded: int, dtype: type) -> np.ndarray:
    """Copy of an array whose last axis is filled up with zeros."""
    result = np.zeros((*array.shape[:-1], padded), dtype)
    result[..., : array.shape[-1]] = array
    return result
