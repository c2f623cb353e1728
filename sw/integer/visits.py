"""Address arithmetic of a layer as tables, for compiled code."""

from collections.abc import Iterator

import numpy as np

from tickless.sw.integer.geometry import Geometry

__all__ = ["visit_table"]


def visit_table(geometry: Geometry, neurons: int, synapses: int) -> tuple[np.ndarray, np.ndarray]:
    """Tables ``place`` and ``visits`` of `sw.integer.kernels.integrate`.

    Parameters
    ----------
    geometry : Geometry
        Address arithmetic.
    neurons, synapses : int
        Membranes per output position and weights per kernel position.
    """
    _, height, width = geometry.input_shape
    columns = [list(_reached(geometry, 1, x)) for x in range(width)]
    place = np.empty((height, width + 1), np.int32)
    visits: list[tuple[int, int, int, int]] = []
    for y in range(height):
        rows = list(_reached(geometry, 0, y))
        for x in range(width):
            place[y, x] = len(visits)
            visits += [
                (
                    (row * geometry.output_shape[2] + column) * neurons,
                    (kernel_y * geometry.kernel[1] + kernel_x) * synapses,
                    row,
                    column,
                )
                for row, kernel_y in rows
                for column, kernel_x in columns[x]
            ]
        place[y, width] = len(visits)
    return place, np.array(visits, np.int32).reshape(-1, 4)


def _reached(geometry: Geometry, axis: int, coordinate: int) -> Iterator[tuple[int, int]]:
    """Output coordinates that an input coordinate reaches, with their kernel indices."""
    reach = geometry.reach(axis, coordinate)
    return zip(reach.positions, reach.kernel, strict=True)
