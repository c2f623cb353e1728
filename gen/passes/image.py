"""Image of a pass: what the engine loads from SDRAM, in the form of `hw.passes.layouts`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tickless.gen.passes.axis import AxisStep, step_bits
from tickless.gen.passes.tile import EdgeTables, Pass
from tickless.hw.passes.layouts import (
    Region,
    axis_layout,
    channel_layout,
    neuron_layout,
    region_chunks,
    register_layout,
)
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import CHANNEL_BITS, WORD_BITS
from tickless.sw.integer.layer import Layer

__all__ = ["fletcher", "pass_image"]


def pass_image(shape: EngineShape, layer: Layer, made: Pass) -> np.ndarray:
    """Image of a pass of a layer: uint16 words."""
    registers: Any = {
        "readout": int(layer.is_readout),
        "joined": int(len(layer.edges) > 1),
        "row_steps": [0, 0],
        "column_steps": [0, 0],
        "first_channel": made.channels.start,
        "bank_words": made.bank_words - 1,
    }
    sections = []
    for number, edge in enumerate(made.edges):
        for region, table, scales in (
            (Region.ROWS, edge.rows, (edge.column_blocks, made.bank_columns)),
            (Region.COLUMNS, edge.columns, (1, 1)),
        ):
            bits = step_bits(table)
            registers["row_steps" if region == Region.ROWS else "column_steps"][number] = bits
            entries = _axis_words(shape, table, bits, scales)
            sections.append(_section(shape, region, number * shape.table_words, entries))
        sections.append(
            _section(shape, Region.CHANNELS, number << CHANNEL_BITS, _channel_words(shape, edge))
        )
    sections.append(_weights(shape, made.weights))
    if not layer.is_readout:
        sections.append(_section(shape, Region.NEURONS, 0, _neuron_words(shape, layer, made)))
    word = register_layout(shape).const(registers).as_bits()
    sections.append(_section(shape, Region.REGISTERS, 0, [word]))
    words = np.concatenate(sections)
    return np.concatenate([words, np.array([Region.CHECKSUM, *fletcher(words)], np.uint16)])


def fletcher(words: np.ndarray) -> tuple[int, int]:
    """Sum of 16-bit words, and sum of all sums so far, modulo 2**16."""
    sums = np.cumsum(words.astype(np.uint64))
    return int(sums[-1]) & 0xFFFF, int((sums & 0xFFFF).sum()) & 0xFFFF


def _axis_words(
    shape: EngineShape,
    table: Sequence[Sequence[AxisStep]],
    bits: int,
    scales: tuple[int, int],
) -> list[int]:
    """Words of `hw.passes.layouts.axis_layout`; scales are those of blocks and of lines."""
    layout, untouched = axis_layout(shape), {"valid": 0, "tap": 0, "line": 0}
    words = []
    for steps in table:
        for number in range(1 << bits):
            entry: Any = {
                "last": 1,
                "block": 0,
                "first": 0,
                "rotate": 0,
                "banks": [untouched] * GRID,
            }
            if number < len(steps):
                step = steps[number]
                entry = {
                    "last": int(number == len(steps) - 1),
                    "block": step.block * scales[0],
                    "first": step.first,
                    "rotate": step.first % GRID,
                    "banks": [
                        untouched
                        if bank is None
                        else {"valid": 1, "tap": bank.tap, "line": bank.line * scales[1]}
                        for bank in step.banks
                    ],
                }
            words.append(layout.const(entry).as_bits())
    return words


def _channel_words(shape: EngineShape, edge: EdgeTables) -> list[int]:
    layout = channel_layout(shape)
    return [
        layout.const({"base": max(base, 0), "lanes": sum(1 << int(k) for k in lanes.nonzero()[0])})
        .as_bits()
        for base, lanes in zip(edge.bases.tolist(), edge.lanes, strict=True)
    ]  # fmt: skip


def _neuron_words(shape: EngineShape, layer: Layer, made: Pass) -> list[int]:
    ceil = 0 if layer.reset == "zero" else layer.ceil
    return [
        neuron_layout(shape).const({"threshold": threshold, "floor": floor, "ceil": ceil}).as_bits()
        for threshold, floor in zip(made.thresholds.tolist(), made.floors.tolist(), strict=True)
    ]


def _section(shape: EngineShape, region: Region, first: int, words: Sequence[int]) -> np.ndarray:
    size = region_chunks(shape, region)
    chunks = [word >> WORD_BITS * k & 0xFFFF for word in words for k in range(size)]
    return np.array([region, first, len(words), *chunks], np.uint16)


def _weights(shape: EngineShape, weights: np.ndarray) -> np.ndarray:
    """Section of the weights ``[words, GRID, GRID, lanes]``."""
    size = region_chunks(shape, Region.WEIGHTS)
    flat = weights.reshape(len(weights), -1, 1)
    ones = (flat >> np.arange(shape.weight_bits) & 1).astype(np.uint8).reshape(len(weights), -1)
    padded = np.zeros((len(weights), size * WORD_BITS), np.uint8)
    padded[:, : ones.shape[1]] = ones
    packed = np.packbits(padded, axis=1, bitorder="little").view("<u2").astype(np.uint16)
    header = np.array([Region.WEIGHTS, 0, len(weights)], np.uint16)
    return np.concatenate([header, packed.reshape(-1)])
