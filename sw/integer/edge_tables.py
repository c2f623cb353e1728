"""Edges into a spiking layer as tables, for compiled code."""

from collections.abc import Sequence

import numpy as np

from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.kernels import REGISTER_BYTES
from tickless.sw.integer.steps import kernel_columns, step_table

__all__ = ["EdgeTables", "aligned_zeros"]


class EdgeTables:
    """Tables of the edges into one layer, whose inputs they make into one.

    Channels and rows of a second edge's input stand behind those of the first one's; `join` moves
    its events there.

    Membranes are ``[rows, columns, channels]``, and the weights of an input channel stand in the
    order of the membranes that they lead to. So an event reaches one run of neighbours in each
    row, whatever the number of channels; see `sw.integer.steps`.

    Parameters
    ----------
    edges : sequence of (Geometry, numpy.ndarray)
        Address arithmetic and weights of each edge.
    threshold, floor : numpy.ndarray
        Of each output channel. They become of type ``dtype``, as do weights of more than 8 bits.
    dtype : type
        int16, int32 or float32: type of the membranes.

    Members
    -------
    most : int
        Most steps of one event.
    arrays : tuple of numpy.ndarray
        ``inputs``, ``place``, ``steps``, ``weight``, ``threshold`` and ``floor`` of
        `sw.integer.kernels.integrate`.
    """

    def __init__(
        self,
        edges: Sequence[tuple[Geometry, np.ndarray]],
        threshold: np.ndarray,
        floor: np.ndarray,
        dtype: type[np.float32] | type[np.int32] | type[np.int16],
    ):
        channels, lanes = len(threshold), REGISTER_BYTES // np.dtype(dtype).itemsize
        self._shapes = [geometry.input_shape for geometry, _ in edges]
        widest = max(width for _, _, width in self._shapes)
        inputs, places, steps, weights = [], [], [], []
        for geometry, weight in edges:
            groups, (sent, _, width) = geometry.groups, geometry.input_shape
            size = channels // groups
            columns = weight[..., kernel_columns(geometry)]
            by_group = columns.reshape(groups, size, sent // groups, *geometry.kernel)
            synapses = by_group.transpose(0, 2, 3, 4, 1).reshape(sent, -1)
            table = np.empty((sent, 2), np.int64)
            table[:, 0] = np.arange(sent) // (sent // groups) * size
            table[:, 1] = sum(map(len, weights)) + np.arange(sent) * synapses.shape[1]
            place, taken = step_table(geometry, lanes)
            place[..., :2] += sum(map(len, steps))
            inputs.append(table)
            places.append(np.pad(place, ((0, 0), (0, widest - width), (0, 0))))
            steps.append(taken)
            weights.append(synapses.reshape(-1))
        place, table = np.concatenate(places), np.concatenate(steps)
        self.most = int((place[..., 1] - place[..., 0]).max())
        # Registers begin anywhere in a run, and go on over the channels of the positions behind it.
        reached = channels + int(table[:, 2].max(initial=0)) + lanes
        bars = [np.resize(values, reached) for values in (threshold, floor)]
        narrow = all(weight.dtype == np.int8 for weight in weights)
        self.arrays = (
            np.concatenate(inputs),
            place,
            table.reshape(-1),
            _aligned(np.concatenate(weights), np.int8 if narrow else dtype),
            *(_aligned(values, dtype) for values in bars),
        )

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


def _aligned(values: np.ndarray, dtype: type) -> np.ndarray:
    """Copy of values as `aligned_zeros` that begin with them."""
    result = aligned_zeros(values.size, dtype)
    result[: values.size] = values
    return result


def aligned_zeros(size: int, dtype: type) -> np.ndarray:
    """Zeros, and as many behind them as a register may hold, from the beginning of a cache line."""
    room = np.zeros(size + 2 * REGISTER_BYTES, dtype)
    first = -room.ctypes.data % REGISTER_BYTES // room.itemsize
    return room[first : first + size + REGISTER_BYTES]
