"""Shape of an edge into a core: which positions and channels its events reach."""

from dataclasses import dataclass, field
from types import MappingProxyType

from tickless.hw.packet import LinkConfig

__all__ = ["FREE", "EdgeShape", "foldings", "group_blocks", "position_steps", "window"]

FREE = MappingProxyType({"built_in": False})
"""Metadata of a field in which a loadable core need not match a network that is loaded: it is
written at run time, or no network asks for it."""


def foldings(window: tuple[int, int]) -> list[int]:
    """Values of ``taps`` that keep the order of spikes for a window of output positions.

    Either some positions of one window row, or some whole rows, are updated at once.
    """
    rows, columns = window
    return [*range(1, columns + 1), *(row * columns for row in range(2, rows + 1))]


def window(kernel: tuple[int, int], stride: int, size: tuple[int, int]) -> tuple[int, int]:
    """Largest number of output rows and columns that one event reaches, of ``size`` in all."""
    rows, columns = (min(-(-k // stride), s) for k, s in zip(kernel, size, strict=True))
    return rows, columns


def position_steps(window: tuple[int, int], taps: int) -> int:
    """Steps in which ``taps`` output positions at once cover a window."""
    rows, columns = window
    if taps <= columns:
        return rows * -(-columns // taps)
    return -(-rows * columns // taps)


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
    stride, padding, pool, groups : int
        Stride, zero padding, pooling factor in front, convolution groups.
    """

    input_link: LinkConfig
    kernel: tuple[int, int]
    stride: int = field(metadata=FREE)
    padding: int = field(metadata=FREE)
    pool: int = field(metadata=FREE)
    groups: int
