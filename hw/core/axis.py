"""Tables of one axis: which output coordinates, banks and kernel lines a coordinate reaches."""

from amaranth.lib import data
from amaranth.utils import bits_for, ceil_log2

from tickless.hw.core.edge import EdgeShape
from tickless.hw.core.shape import CoreShape

__all__ = ["AxisTable", "axis_steps"]


def axis_steps(shape: CoreShape, edge: EdgeShape, axis: int, coordinate: int) -> list[list[int]]:
    """Output coordinates of one axis that an event reaches, cut into folded steps.

    Those of a step lie in different banks: the last one less than the banks' number behind the
    first.

    Parameters
    ----------
    edge : EdgeShape
        The core's edge by which the event arrives.
    axis : int
        0 for rows, 1 for columns.
    coordinate : int
        The event's coordinate on that axis.

    Returns
    -------
    list of list of int
        Output coordinates of each step, ascending; ``[[]]`` for an event that reaches none.
    """
    taps = shape.tap_grid[axis]
    steps: list[list[int]] = []
    for out in _reached(shape, edge, axis, coordinate):
        if not steps or out - steps[-1][0] >= taps:
            steps.append([])
        steps[-1].append(out)
    return steps or [[]]


def _reached(shape: CoreShape, edge: EdgeShape, axis: int, coordinate: int) -> dict[int, int]:
    """Kernel row or column by which a coordinate reaches each of its output coordinates."""
    size = (edge.input_link.height, edge.input_link.width)[axis]
    pooled = coordinate // edge.pool
    reached = {}
    if pooled < size // edge.pool:
        for out in range(shape.output_shape[1 + axis]):
            offset = pooled + edge.padding[axis] - out * edge.stride[axis]
            line, between = divmod(offset, edge.dilation[axis])
            if not between and 0 <= line < edge.kernel[axis]:
                reached[out] = line
    return reached


class AxisTable:
    """Table of one axis: address offsets per coordinate and step.

    An entry holds, for each bank along the axis, the part of the membrane address and of the
    weight address that the axis decides. Stride, padding, dilation, pooling and live extent are
    all in it.

    Parameters
    ----------
    shape : CoreShape
        The core.
    edge : EdgeShape
        One of its edges.
    axis : int
        0 for rows, 1 for columns.

    Members
    -------
    taps : int
        Banks along the axis.
    step_bits : int
        Width of the number of a step.
    layout : data.StructLayout
        Layout of an entry, the same for all edges of a core: whether the step is the coordinate's
        ``last``, ``first`` output coordinate and its bank (``rotate``), ``count`` of output
        coordinates, ``banks``.
    entries : list of dict
        Entries by ``coordinate << step_bits | step``.
    words : tuple of int
        The same in their layout.
    """

    def __init__(self, shape: CoreShape, edge: EdgeShape, axis: int):
        link = edge.input_link.layout
        self.taps = shape.tap_grid[axis]
        line = shape.blocks * (shape.bank_shape[1] if axis == 0 else 1)
        weight_line = shape.blocks_per_event(edge) * (edge.kernel[1] if axis == 0 else 1)
        coordinate_bits = link["yx"[axis]].width
        steps = [axis_steps(shape, edge, axis, value) for value in range(1 << coordinate_bits)]
        self.step_bits = ceil_log2(max(len(groups) for groups in steps))
        self.layout = data.StructLayout(
            {
                "last": 1,
                "first": shape.output_link.layout["yx"[axis]].shape,
                "rotate": ceil_log2(self.taps),
                "count": bits_for(self.taps),
                "banks": data.ArrayLayout(
                    data.StructLayout(
                        {
                            "valid": 1,
                            "offset": bits_for(max(1, shape.bank_depth - 1)),
                            "weight_offset": bits_for(max(1, shape.weight_depth - 1)),
                        }
                    ),
                    self.taps,
                ),
            }
        )
        self.entries = []
        for coordinate, groups in enumerate(steps):
            lines = _reached(shape, edge, axis, coordinate)
            for index in range(1 << self.step_bits):
                group = groups[index] if index < len(groups) else []
                banks = [{"valid": 0, "offset": 0, "weight_offset": 0} for _ in range(self.taps)]
                for out in group:
                    banks[out % self.taps] = {
                        "valid": 1,
                        "offset": out // self.taps * line,
                        "weight_offset": lines[out] * weight_line,
                    }
                self.entries.append(
                    {
                        "last": int(index >= len(groups) - 1),
                        "first": group[0] if group else 0,
                        "rotate": group[0] % self.taps if group else 0,
                        "count": len(group),
                        "banks": banks,
                    }
                )

    @property
    def words(self) -> tuple[int, ...]:
        return tuple(self.layout.const(entry).as_bits() for entry in self.entries)
