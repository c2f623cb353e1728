"""Tables of one axis of an edge: the steps in which a pass takes an input coordinate."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from tickless.hw.passes.shape import GRID
from tickless.sw.integer.geometry import Geometry

__all__ = ["AxisStep", "BankLine", "KernelBlocks", "axis_steps", "step_bits"]


@dataclass(frozen=True)
class BankLine:
    """What a step does in the banks of one row, or of one column, of the grid.

    Members
    -------
    tap : int
        Line of the step's kernel block whose weights are added.
    line : int
        Row or column of positions within the bank.
    """

    tap: int
    line: int


@dataclass(frozen=True)
class AxisStep:
    """Step of an axis: output coordinates that one kernel block reaches.

    Members
    -------
    block : int
        Kernel block.
    first : int
        Lowest output coordinate; the others lie less than `GRID` behind it.
    banks : tuple of BankLine or None
        By bank; None where the step touches nothing.
    """

    block: int
    first: int
    banks: tuple[BankLine | None, ...]


class KernelBlocks:
    """Lines of a kernel, in blocks of which one weight word holds `GRID` by `GRID` weights at most.

    An event that reaches several lines of a block reaches output coordinates in different banks
    through them: lines a descent apart, coordinates a step apart. Lines of which no event reaches
    two share a block, too, so that with a stride a kernel takes few words.

    Parameters
    ----------
    geometry : Geometry
        The edge.
    axis : int
        0 for rows, 1 for columns.

    Members
    -------
    place : tuple of tuple of int
        Block, and tap within it, of each line of the kernel.
    count : int
        Number of blocks.
    """

    def __init__(self, geometry: Geometry, axis: int):
        stride, dilation = geometry.stride[axis], geometry.dilation[axis]
        common = gcd(stride, dilation)
        descent, step = stride // common, dilation // common
        size = 1 + (GRID - 1) // step
        lines = range(geometry.kernel[axis])
        keys = [(line % descent, line // descent // size) for line in lines]
        blocks: list[list[int]] = []  # lines of each
        place: dict[int, tuple[int, int]] = {}
        for key in sorted(set(keys)):
            together = [line for line in lines if keys[line] == key]
            block = next(
                (
                    number
                    for number, others in enumerate(blocks)
                    if len(others) + len(together) <= GRID
                    and all(line % descent != key[0] for line in others)
                ),
                len(blocks),
            )
            blocks[block:] = blocks[block:] or [[]]
            place |= {line: (block, len(blocks[block]) + k) for k, line in enumerate(together)}
            blocks[block] += together
        self.place = tuple(place[line] for line in lines)
        self.count = len(blocks)


def axis_steps(
    geometry: Geometry, axis: int, outputs: range, single: bool = False
) -> tuple[tuple[AxisStep, ...], ...]:
    """Steps of each input coordinate, by ascending output coordinates.

    Parameters
    ----------
    geometry : Geometry
        The edge.
    axis : int
        0 for rows, 1 for columns.
    outputs : range
        Output coordinates that the pass computes; lines of the banks count from its start.
    single : bool
        Whether a step takes one output coordinate only. Where columns take several steps, rows must
        be taken singly, so that spikes leave row by row.
    """
    blocks = KernelBlocks(geometry, axis)
    table = []
    for coordinate in range(geometry.input_shape[1 + axis]):
        reach = geometry.reach(axis, coordinate)
        steps: list[tuple[int, list[tuple[int, int]]]] = []
        for output, line in zip(reach.positions, reach.kernel, strict=True):
            if output not in outputs:
                continue
            block, tap = blocks.place[line]
            if single or not steps or steps[-1][0] != block:
                steps.append((block, []))
            steps[-1][1].append((output, tap))
        table.append(tuple(_step(block, reached, outputs.start) for block, reached in steps))
    return tuple(table)


def step_bits(table: Sequence[Sequence[AxisStep]]) -> int:
    """Width of the number of a step in a table of an axis."""
    return (max(1, *map(len, table)) - 1).bit_length()


def _step(block: int, reached: list[tuple[int, int]], start: int) -> AxisStep:
    banks: list[BankLine | None] = [None] * GRID
    for output, tap in reached:
        # Bands start at multiples of the grid, so that banks follow from the coordinate alone.
        banks[output % GRID] = BankLine(tap, (output - start) // GRID)
    return AxisStep(block, reached[0][0], tuple(banks))
