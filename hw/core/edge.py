"""Shape of an edge into a core: which positions and channels its events reach."""

from dataclasses import dataclass, field
from math import gcd
from types import MappingProxyType

from tickless.hw.packet import LinkConfig

__all__ = [
    "FREE",
    "EdgeShape",
    "foldings",
    "gaps",
    "group_blocks",
    "position_steps",
    "tap_grid",
    "window",
]

FREE = MappingProxyType({"built_in": False})
"""Metadata of a field in which a loadable core need not match a network that is loaded: it is
written at run time, or no network asks for it."""


def foldings(window: tuple[int, int]) -> list[int]:
    """Values of ``taps`` that keep the order of spikes for a window of output positions.

    Either some positions of one window row, or some whole rows, are updated at once.
    """
    rows, columns = window
    return [*range(1, columns + 1), *(row * columns for row in range(2, rows + 1))]


def gaps(stride: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int]:
    """Distance of neighbouring output rows, and columns, that one event reaches."""
    rows, columns = (d // gcd(s, d) for s, d in zip(stride, dilation, strict=True))
    return rows, columns


def window(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    size: tuple[int, int],
) -> tuple[int, int]:
    """Most output rows and columns, of ``size`` in all, from the first to the last that one event
    reaches."""

    def extent(kernel: int, stride: int, dilation: int, most: int) -> int:
        common = gcd(stride, dilation)
        reached = -(-kernel // (stride // common))
        return min((reached - 1) * (dilation // common) + 1, most)

    rows, columns = map(extent, kernel, stride, dilation, size)
    return rows, columns


def tap_grid(window: tuple[int, int], taps: int) -> tuple[int, int]:
    """Rows and columns of the ``taps`` output positions that are updated at once."""
    columns = window[1]
    return (1, taps) if taps <= columns else (taps // columns, columns)


def position_steps(window: tuple[int, int], gaps: tuple[int, int], grid: tuple[int, int]) -> int:
    """Steps in which the positions of a `tap_grid` at once cover those reached in a window.

    Parameters
    ----------
    window, gaps : tuple of int
        Of the edge by which the event arrives.
    grid : tuple of int
        Tap grid of the core.
    """
    rows, columns = (
        len(range(0, len(range(0, extent, gap)), len(range(0, taps, gap))))
        for extent, gap, taps in zip(window, gaps, grid, strict=True)
    )
    return rows * columns


def group_blocks(group: range, core: range, lanes: int) -> range:
    """Channel blocks of a core in which the output channels of a convolution group lie.

    Parameters
    ----------
    group, core : range
        Output channels of the layer that belong to the group, and to the core.
    lanes : int
        Channels of a block.
    """
    first, end = max(group.start, core.start), min(group.stop, core.stop)
    if first >= end:
        return range(0)
    return range((first - core.start) // lanes, -(-(end - core.start) // lanes))


@dataclass(frozen=True)
class EdgeShape:
    """One edge into a layer.

    Parameters
    ----------
    input_link : LinkConfig
        Packets that arrive; their extent is the edge's input shape.
    kernel : tuple of int
        Kernel height and width.
    stride, padding, dilation : tuple of int
        Stride, zero padding and dilation, for rows and for columns.
    pool, groups : int
        Pooling factor in front, convolution groups.
    """

    input_link: LinkConfig
    kernel: tuple[int, int]
    stride: tuple[int, int] = field(metadata=FREE)
    padding: tuple[int, int] = field(metadata=FREE)
    pool: int = field(metadata=FREE)
    groups: int
    dilation: tuple[int, int] = field(default=(1, 1), metadata=FREE)
