"""Pass: a layer's tile, and all that the engine computes it with."""

from dataclasses import dataclass

import numpy as np

from tickless.errors import InputError
from tickless.gen.passes.axis import AxisStep, KernelBlocks, axis_steps, step_bits
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.sw.integer.layer import Edge, Layer

__all__ = ["EdgeTables", "Pass", "layer_passes"]


@dataclass(frozen=True, eq=False)
class EdgeTables:
    """Tables of an edge into a tile.

    Members
    -------
    rows, columns : tuple of tuple of AxisStep
        Steps of each input row, and of each input column.
    column_blocks : int
        Kernel blocks of a row of them: a step's weights lie in word
        ``base + row block * column_blocks + column block``.
    bases : numpy.ndarray
        int64 ``[channels]``: first weight word of each input channel; -1 where it reaches no lane.
    lanes : numpy.ndarray
        bool ``[channels, lanes]``: lanes that it reaches.
    """

    rows: tuple[tuple[AxisStep, ...], ...]
    columns: tuple[tuple[AxisStep, ...], ...]
    column_blocks: int
    bases: np.ndarray
    lanes: np.ndarray


@dataclass(frozen=True, eq=False)
class Pass:
    """A layer's tile: some output channels, in some rows.

    Members
    -------
    layer : int
        Index of the layer.
    channels, rows : range
        Output channels and rows.
    bank_columns : int
        Words of a bank for one of its rows: line ``(i, j)`` lies at ``i * bank_columns + j``.
    edges : tuple of EdgeTables
        The layer's edges.
    weights : numpy.ndarray
        int64 ``[words, GRID, GRID, lanes]``.
    thresholds, floors : numpy.ndarray
        int64 ``[lanes]``; empty for the readout.
    """

    layer: int
    channels: range
    rows: range
    bank_columns: int
    edges: tuple[EdgeTables, ...]
    weights: np.ndarray
    thresholds: np.ndarray
    floors: np.ndarray

    @property
    def bank_words(self) -> int:
        """Words of a bank that it uses."""
        return -(-len(self.rows) // GRID) * self.bank_columns


def layer_passes(shape: EngineShape, index: int, layer: Layer) -> tuple[Pass, ...]:
    """Passes of a layer: tiles of channels within bands of rows, each of as many rows as the banks
    hold. In this order lists are merged.

    Raises
    ------
    InputError
        If the engine cannot compute the layer; the message names what is too large.
    """
    where = f"layer {layer.name!r}"
    channels, height, width = layer.output_shape
    for edge in layer.edges:
        if edge.weight_bits > shape.weight_bits:
            raise InputError(
                f"{where}: weights of {edge.weight_bits} bits: expected at most "
                f"{shape.weight_bits}, the engine's"
            )
    if not layer.is_readout and layer.membrane_bits > shape.membrane_bits:
        raise InputError(
            f"{where}: membranes of {layer.membrane_bits} bits: expected at most "
            f"{shape.membrane_bits}, the engine's"
        )
    columns = -(-width // GRID)
    band = shape.bank_words // columns * GRID
    if not band:
        raise InputError(
            f"{where}: a row of {columns} words in a bank: expected at most {shape.bank_words}"
        )
    tiles = [
        _pass(shape, index, layer, range(first, min(first + shape.lanes, channels)), rows, columns)
        for rows in (range(y, min(y + band, height)) for y in range(0, height, band))
        for first in range(0, channels, shape.lanes)
    ]
    if len(tiles) > shape.tiles:
        raise InputError(
            f"{where}: {len(tiles)} tiles: expected at most {shape.tiles}, as many lists as are "
            "merged at once"
        )
    return tuple(tiles)


def _pass(
    shape: EngineShape, index: int, layer: Layer, channels: range, rows: range, columns: int
) -> Pass:
    words: list[np.ndarray] = []
    edges = tuple(_edge(shape, layer, edge, channels, rows, words) for edge in layer.edges)
    if len(words) > shape.weight_words:
        raise InputError(
            f"layer {layer.name!r}: {len(words)} weight words a tile: expected at most "
            f"{shape.weight_words}, the engine's buffer"
        )
    own = slice(channels.start, channels.stop)
    return Pass(
        index,
        channels,
        rows,
        columns,
        edges,
        np.array(words, np.int64).reshape(-1, GRID, GRID, shape.lanes),
        # Lanes beyond the last channel belong to no neuron.
        _padded(layer.threshold[own], shape.lanes, 1),
        _padded(layer.floor[own], shape.lanes, -1),
    )


def _edge(
    shape: EngineShape,
    layer: Layer,
    edge: Edge,
    channels: range,
    rows: range,
    words: list[np.ndarray],
) -> EdgeTables:
    """Tables of an edge; its weight words go behind those that are there."""
    geometry = edge.geometry
    blocks = [KernelBlocks(geometry, axis) for axis in (0, 1)]
    column_table = axis_steps(geometry, 1, range(geometry.output_shape[2]))
    single = max(map(len, column_table)) > 1
    row_table = axis_steps(geometry, 0, rows, single)
    for name, table in (("rows", row_table), ("columns", column_table)):
        entries = len(table) << step_bits(table)
        if entries > shape.table_words:
            raise InputError(
                f"layer {layer.name!r}: {entries} entries in the table of {name}: expected at most "
                f"{shape.table_words}"
            )
    inputs = geometry.input_shape[0]
    bases = np.full(inputs, -1, np.int64)
    lanes = np.zeros((inputs, shape.lanes), np.bool_)
    for channel in range(inputs):
        reached = geometry.group_channels(channel)
        first, last = max(reached.start, channels.start), min(reached.stop, channels.stop)
        if first >= last:
            continue
        own = slice(first - channels.start, last - channels.start)
        bases[channel], lanes[channel, own] = len(words), True
        table = np.zeros((blocks[0].count, blocks[1].count, GRID, GRID, shape.lanes), np.int64)
        weight = edge.weight[first:last, channel % edge.weight.shape[1]]
        for row, (row_block, i) in enumerate(blocks[0].place):
            for column, (column_block, j) in enumerate(blocks[1].place):
                table[row_block, column_block, i, j, own] = weight[:, row, column]
        words.extend(table.reshape(-1, GRID, GRID, shape.lanes))
    return EdgeTables(row_table, column_table, blocks[1].count, bases, lanes)


def _padded(values: np.ndarray, lanes: int, other: int) -> np.ndarray:
    padded = np.full(lanes if len(values) else 0, other, np.int64)
    padded[: len(values)] = values
    return padded
