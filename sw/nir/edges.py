"""A current as an edge of a layer: its form and its weights."""

from dataclasses import replace
from math import prod

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.nir.currents import Current

__all__ = ["edge_of"]


def edge_of(current: Current) -> tuple[LayerSpec, np.ndarray]:
    """Form of the edge, of kind ``"linear"`` or ``"conv2d"``, and its weights.

    Raises
    ------
    InputError
        If the contract has no such edge.
    """
    current = _square_pool(current)
    pool, channels = current.pool[0], current.grid[0]
    if current.weight is None:
        if current.factor.shape[1:] != (1, 1):
            raise InputError("scales that differ within a channel: expected weights behind them")
        passed = np.broadcast_to(current.factor, (channels, 1, 1))[..., None].copy()
        return LayerSpec("conv2d", channels, 1, pool=pool, groups=channels), passed
    if current.linear:
        return LayerSpec("linear", channels, pool=pool), current.weight
    kernel, stride, padding = (
        _equal(name, pair)
        for name, pair in (
            ("kernel", (current.weight.shape[2], current.weight.shape[3])),
            ("stride", current.stride),
            ("padding", current.padding),
        )
    )
    spec = LayerSpec("conv2d", channels, kernel, stride, padding, pool, current.groups)
    return spec, current.weight


def _equal(name: str, pair: tuple[int, int]) -> int:
    if pair[0] != pair[1]:
        raise InputError(f"{name} = {pair}: expected the same in height and width")
    return pair[0]


def _square_pool(current: Current) -> Current:
    """The same with pooling that is as high as wide, if need be by larger weights."""
    if current.pool[0] == current.pool[1]:
        return current
    raise InputError(f"pooling by {current.pool}: expected the same in height and width")
