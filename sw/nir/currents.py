"""Currents: what a layer's spikes bring to the next neurons, through the linear nodes between.

Everything is exact. What these functions refuse they say without the node, by InputError.
"""

from dataclasses import dataclass, field, replace
from math import prod

import numpy as np
import torch
from torch.nn import functional

from tickless.errors import InputError
from tickless.sw.integer.geometry import Shape, output_size
from tickless.sw.nir.reading import Node

__all__ = ["Current", "convolved", "dense", "filled", "flattened", "multiplied", "pooled", "scaled"]

MOST_WEIGHTS = 1 << 24
"""Most weights that a kernel or matrix may be filled up to."""

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Current:
    """Linear function of one layer's spikes: average pooling, factors, then weights, if any.

    Parameters
    ----------
    source : int
        Index of the spiking layer, -1 for the sensor.
    shape : tuple of int
        Shape of the current as NIR has it.
    grid : Shape
        The same elements in the same order as channels, height and width.
    sent : Shape
        Extent of the source.
    pool : Pair
        Height and width of the pooling.
    factor : numpy.ndarray
        Factors of what is pooled, to be broadcast to its ``(channels, height, width)``.
    weight : numpy.ndarray, optional
        ``[outputs, inputs / groups, kernel height, kernel width]``; of a linear layer the kernel is
        all of its pooled input.
    linear : bool
        Whether the weights are a linear layer's.
    stride, padding, dilation : Pair
        Of the weights.
    groups : int
        Of the weights.
    taken : Shape
        What the weights take: channels, height and width behind the pooling.
    bias : numpy.ndarray, optional
        What each channel receives in each time step.
    node : Node, optional
        The node of the weights.
    """

    source: int
    shape: tuple[int, ...]
    grid: Shape
    sent: Shape
    pool: Pair = (1, 1)
    factor: np.ndarray = field(default_factory=lambda: np.ones((1, 1, 1)))
    weight: np.ndarray | None = None
    linear: bool = False
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    taken: Shape = (1, 1, 1)
    bias: np.ndarray | None = None
    node: Node | None = None


def flattened(current: Current) -> Current:
    """The same in one dimension."""
    return replace(current, shape=(prod(current.grid),))


def scaled(current: Current, scale: np.ndarray) -> Current:
    """Each element times a factor: one for all, one a channel, or one each before the weights."""
    channels = current.grid[0]
    if scale.size == 1:
        factor = scale.reshape(1, 1, 1)
    elif scale.size == prod(current.grid):
        factor = scale.reshape(current.grid)
    elif scale.shape in ((channels,), (channels, 1, 1)):
        factor = scale.reshape(channels, 1, 1)
    else:
        raise InputError(f"scale of shape {scale.shape}: expected {current.shape}")
    if current.weight is None:
        return replace(current, factor=current.factor * factor)
    if (factor != factor[:, :1, :1]).any():
        raise InputError("scales that differ within a channel: expected one a channel")
    rows = factor[:, 0, 0]
    bias = None if current.bias is None else current.bias * rows
    return replace(current, weight=current.weight * rows.reshape(-1, 1, 1, 1), bias=bias)


def pooled(current: Current, kernel: Pair, average: bool) -> Current:
    """Pooling of stride ``kernel`` without padding; what its last whole window leaves is lost."""
    if len(current.shape) != 3:
        raise InputError(f"input of shape {current.shape}: expected (channels, height, width)")
    channels, *size = current.grid
    height, width = (length // k for length, k in zip(size, kernel, strict=True))
    if not (height and width):
        raise InputError(f"a window of {kernel} in an input of {current.shape}: it has no output")
    grid = (channels, height, width)
    share = 1.0 if average else float(prod(kernel))
    if current.weight is None:
        if current.factor.shape[1:] != (1, 1):
            raise InputError("pooling behind scales that differ within a channel")
        pool = (current.pool[0] * kernel[0], current.pool[1] * kernel[1])
        factor = current.factor * share
        return replace(current, shape=grid, grid=grid, pool=pool, factor=factor)
    # Neighbouring outputs of the weights, summed, are outputs of one larger kernel.
    (down, along), weight = current.stride, filled(current.weight, current.dilation)
    rows, columns = weight.shape[2:]
    whole = (*weight.shape[:2], rows + down * (kernel[0] - 1), columns + along * (kernel[1] - 1))
    if prod(whole) > MOST_WEIGHTS:
        raise InputError(f"pooling by {kernel} behind weights of {weight.shape}: too large")
    larger = np.zeros(whole)
    for y in range(0, kernel[0] * down, down):
        for x in range(0, kernel[1] * along, along):
            larger[:, :, y : y + rows, x : x + columns] += weight
    larger *= share / prod(kernel)
    stride = (down * kernel[0], along * kernel[1])
    bias = None if current.bias is None else current.bias * share
    return replace(
        current, shape=grid, grid=grid, weight=larger, stride=stride, dilation=(1, 1), bias=bias
    )


def convolved(
    current: Current,
    weight: np.ndarray,
    stride: Pair,
    padding: Pair | str,
    dilation: Pair,
    groups: int,
) -> Current:
    """Convolution of spikes, of two dimensions, or one where the shape has one.

    Parameters
    ----------
    weight : numpy.ndarray
        ``[outputs, inputs / groups, kernel height, kernel width]``.
    padding : Pair or str
        Or ``"valid"``, ``"same"``.
    """
    _expect_no_weights(current)
    channels, *size = current.grid
    flat = len(current.shape) == 2 and size[0] == 1 == weight.shape[2]
    if current.shape != current.grid and not flat:
        raise InputError(f"input of shape {current.shape}: expected (channels, height, width)")
    outputs, inputs = weight.shape[:2]
    if channels != inputs * groups or outputs % groups:
        raise InputError(
            f"weight of shape {weight.shape}, {groups} groups: expected {channels} input channels"
        )
    if padding == "valid":
        padding = (0, 0)
    elif padding == "same":
        if stride != (1, 1):
            raise InputError(f"padding 'same' with stride {stride}: expected stride 1")
        reached = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        if any(length % 2 for length in reached):
            # Of odd padding torch puts one more behind: here, a zero stands in front of the kernel.
            in_front = [(length % 2, 0) for length in reached]
            weight = np.pad(filled(weight, dilation), ((0, 0), (0, 0), *in_front))
            dilation = (1, 1)
        padding = (-(-reached[0] // 2), -(-reached[1] // 2))
    elif isinstance(padding, str):
        raise InputError(f"padding = {padding!r}: expected numbers, 'same' or 'valid'")
    height, width = (
        output_size(*axis)
        for axis in zip(size, weight.shape[2:], stride, padding, dilation, strict=True)
    )
    if height < 1 or width < 1:
        raise InputError(
            f"a kernel of {weight.shape[2:]} on an input of {current.shape}: expected it to be at "
            "most as large as the input with its padding"
        )
    grid = (outputs, height, width)
    shape = (outputs, width) if flat else grid
    if current.factor.shape[1:] != (1, 1):
        raise InputError("a convolution behind scales that differ within a channel")
    factor = np.broadcast_to(current.factor, (channels, 1, 1)).reshape(groups, 1, inputs, 1, 1)
    weight = (weight.reshape(groups, -1, *weight.shape[1:]) * factor).reshape(weight.shape)
    return replace(
        _unfactored(current), shape=shape, grid=grid, weight=weight, stride=stride,
        padding=padding, dilation=dilation, groups=groups, taken=current.grid,
    )  # fmt: skip


def multiplied(current: Current, matrix: np.ndarray) -> Current:
    """Product with a matrix ``[outputs, inputs]`` of all elements in their order."""
    _expect_no_weights(current)
    outputs, inputs = matrix.shape
    if inputs != prod(current.grid):
        raise InputError(
            f"weight of shape {matrix.shape} on an input of {current.shape}: expected "
            f"{prod(current.grid)} columns"
        )
    weight = matrix.reshape(outputs, *current.grid) * current.factor
    return replace(
        _unfactored(current), shape=(outputs,), grid=(outputs, 1, 1), weight=weight, linear=True,
        taken=current.grid,
    )  # fmt: skip


def dense(current: Current) -> Current:
    """The same as a linear layer, whatever it is."""
    if current.linear:
        return current
    if current.weight is None:
        _expect_few(prod(current.grid) ** 2)
        return multiplied(current, np.eye(prod(current.grid)))
    inputs = prod(current.taken)
    _expect_few(inputs * prod(current.grid))
    units = torch.eye(inputs, dtype=torch.float64).reshape(inputs, *current.taken)
    outputs = functional.conv2d(
        units, torch.from_numpy(current.weight), stride=current.stride, padding=current.padding,
        dilation=current.dilation, groups=current.groups,
    )  # fmt: skip
    # Where pooling of currents was taken into the kernel, it may have left a remainder.
    _, height, width = current.grid
    matrix = outputs[:, :, :height, :width].reshape(inputs, -1).T.numpy()
    weight = matrix.reshape(-1, *current.taken)
    bias = None if current.bias is None else current.bias.repeat(height * width)
    size = len(weight)
    return replace(
        current, shape=(size,), grid=(size, 1, 1), weight=weight, linear=True, stride=(1, 1),
        padding=(0, 0), dilation=(1, 1), groups=1, bias=bias,
    )  # fmt: skip


def filled(weight: np.ndarray, dilation: Pair) -> np.ndarray:
    """Kernel of dilation 1, with zeros in it, that does what one with a dilation does."""
    if dilation == (1, 1):
        return weight
    rows, columns = (d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True))
    whole = (*weight.shape[:2], rows, columns)
    if prod(whole) > MOST_WEIGHTS:
        raise InputError(f"dilation = {dilation}: a kernel of {rows} by {columns}: too large")
    result = np.zeros(whole)
    result[:, :, :: dilation[0], :: dilation[1]] = weight
    return result


def _expect_few(weights: int) -> None:
    if weights > MOST_WEIGHTS:
        raise InputError(f"{weights} weights of the readout: expected at most {MOST_WEIGHTS}")


def _expect_no_weights(current: Current) -> None:
    if current.weight is not None:
        raise InputError("weights behind weights: expected neurons between them")


def _unfactored(current: Current) -> Current:
    return replace(current, factor=np.ones((1, 1, 1)))
