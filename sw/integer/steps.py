"""Address arithmetic of a layer as steps over registers of neurons, for compiled code.

Neurons are in the order ``(row, column, channel)``, in which an event visits them. The positions
that it reaches in a row are neighbours unless dilation leaves gaps, and with one group so are all
their neurons: a run. Kernel columns a stride apart reach neighbouring positions, the last column
the first position: with the kernel's columns stored in that order, the run's weights are
neighbours too. A step updates a register of a run.
"""

from math import gcd

import numpy as np

from tickless.sw.integer.geometry import Geometry

__all__ = ["kernel_columns", "step_table"]

Runs = tuple[tuple[int, int, int], ...]
"""First position of each run along one axis, its kernel index as stored, number of positions."""


def kernel_columns(geometry: Geometry) -> np.ndarray:
    """Kernel columns in the order in which their weights are to be stored."""
    columns, stride = np.arange(geometry.kernel[1]), geometry.stride[1]
    return np.lexsort((-columns, columns % (stride // gcd(stride, geometry.dilation[1]))))


def step_table(geometry: Geometry, lanes: int) -> tuple[np.ndarray, np.ndarray]:
    """Tables ``place`` and ``steps`` of `sw.integer.kernels.integrate`.

    Input positions that reach alike, the first neuron apart, share their steps.

    Parameters
    ----------
    geometry : Geometry
        Address arithmetic.
    lanes : int
        Neurons of a register.
    """
    channels, _, row_length = geometry.output_shape
    _, height, width = geometry.input_shape
    size = channels // geometry.groups
    stored = np.argsort(kernel_columns(geometry)).tolist()
    rows = [_runs(geometry, 0, y, range(geometry.kernel[0])) for y in range(height)]
    columns = [_runs(geometry, 1, x, stored) for x in range(width)]
    steps: list[tuple[int, int, int, int]] = []
    known: dict[tuple[Runs, Runs], tuple[int, int]] = {}
    place = np.zeros((height, width, 3), np.int32)
    for y, (top, in_rows) in enumerate(rows):
        for x, (left, in_columns) in enumerate(columns):
            if (in_rows, in_columns) not in known:
                first = len(steps)
                steps += [
                    (
                        (row * row_length + column) * channels + lane,
                        (kernel_row * len(stored) + kernel_column) * size + lane,
                        lane,
                        min(lanes, positions * size - lane),
                    )
                    for row, kernel_row, _ in in_rows
                    for column, kernel_column, positions in in_columns
                    for lane in range(0, positions * size, lanes)
                ]
                known[in_rows, in_columns] = first, len(steps)
            place[y, x] = *known[in_rows, in_columns], (top * row_length + left) * channels
    return place, np.array(steps, np.int32).reshape(-1, 4)


def _runs(geometry: Geometry, axis: int, coordinate: int, stored: range | list[int]):
    """First position that a coordinate reaches, and its runs, counted from there."""
    reach = geometry.reach(axis, coordinate)
    first, kernel = reach.positions.start, [stored[index] for index in reach.kernel]
    whole = axis == 1 and geometry.groups == 1 and reach.positions.step == 1
    if whole and kernel:
        return first, ((0, kernel[0], len(kernel)),)
    positions = [position - first for position in reach.positions]
    return first, tuple((*both, 1) for both in zip(positions, kernel, strict=True))
