"""A current as an edge of a layer: its form and its weights."""

from dataclasses import replace

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.nir.currents import Current, filled

__all__ = ["described", "edge_of", "shortcut_of"]


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
    kernel = (current.weight.shape[2], current.weight.shape[3])
    parts = (kernel, current.stride, current.padding, current.dilation)
    kernel, stride, padding, dilation = (pair[0] if pair[0] == pair[1] else pair for pair in parts)
    spec = LayerSpec(
        "conv2d", channels, kernel, stride, padding, pool, current.groups, dilation=dilation
    )
    return spec, current.weight


def shortcut_of(source: int, spec: LayerSpec) -> ShortcutSpec:
    """An edge's form as that of a shortcut."""
    form = (spec.kernel, spec.stride, spec.padding, spec.pool, spec.groups, spec.dilation)
    return ShortcutSpec(source, *form)


def described(spec: LayerSpec) -> str:
    """A form in words."""
    text = f"{spec.kind} of {spec.channels}"
    if spec.kind == "conv2d":
        text += f", kernel {spec.kernel}, stride {spec.stride}, padding {spec.padding}"
        text += "" if spec.dilation == 1 else f", dilation {spec.dilation}"
        text += "" if spec.groups == 1 else f", {spec.groups} groups"
    return text + ("" if spec.pool == 1 else f", pooling {spec.pool}")


def _square_pool(current: Current) -> Current:
    """The same with pooling that is as high as wide, if need be by larger weights."""
    rows, columns = current.pool
    if rows == columns:
        return current
    window = np.full((rows, columns), 1 / (rows * columns))
    if current.weight is None:
        channels = current.grid[0]
        if current.factor.shape[1:] != (1, 1):
            raise InputError("scales that differ within a channel: expected weights behind them")
        factor = np.broadcast_to(current.factor, (channels, 1, 1))[..., None]
        return replace(
            current, pool=(1, 1), weight=factor * window, stride=current.pool, groups=channels,
            taken=current.sent,
        )  # fmt: skip
    weight = np.kron(filled(current.weight, current.dilation), window)
    _, *sent = current.sent
    if current.linear:
        missing = [n - k for n, k in zip(sent, weight.shape[2:], strict=True)]
        weight = np.pad(weight, ((0, 0), (0, 0), (0, missing[0]), (0, missing[1])))
    for size, pool, padding in zip(sent, current.pool, current.padding, strict=True):
        if size % pool and padding:
            raise InputError(
                f"pooling by {current.pool} of {current.sent}, then padding: expected whole "
                "windows, or one that is as high as wide"
            )
    stride = (current.stride[0] * rows, current.stride[1] * columns)
    padding = (current.padding[0] * rows, current.padding[1] * columns)
    return replace(
        current, pool=(1, 1), weight=weight, dilation=(1, 1), taken=current.sent,
        stride=(1, 1) if current.linear else stride, padding=padding,
    )  # fmt: skip
