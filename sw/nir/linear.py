"""Linear primitives: what each of them makes of a current, in words, and why it is that."""

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from tickless.sw.nir.currents import Current, convolved, flattened, multiplied, pooled, scaled
from tickless.sw.nir.reading import Node

__all__ = ["KIND", "LINEAR"]

KIND = "kind"
"""Entry of a node's metadata that says which layer an exported convolution is: one over all of its
input may be a ``"linear"`` layer of which NIR is to keep the three dimensions."""

Result = tuple[Current, str, str]


def _conv2d(node: Node, part: Current) -> Result:
    weight = _weight(node, 4)
    if node.text(KIND) == "linear":
        result = multiplied(part, weight.reshape(len(weight), -1))
        return replace(_biased(node, result), shape=result.grid), "weights", "a linear layer"
    padding = node.values.get("padding")
    result = convolved(
        part,
        weight,
        _pair(node, "stride", 1),
        padding if isinstance(padding, str) else _pair(node, "padding", 0),
        _pair(node, "dilation", 1),
        _groups(node),
    )
    _check_input(node, part, 2)
    added = result.weight is not None and result.weight.shape != weight.shape
    why = "with zeros in front, for 'same' padding of an even kernel" if added else ""
    return _biased(node, result), "weights", why


def _conv1d(node: Node, part: Current) -> Result:
    weight = _weight(node, 3)
    padding = node.values.get("padding")
    (stride,), (dilation,) = node.integers("stride", 1, 1), node.integers("dilation", 1, 1)
    if not isinstance(padding, str):
        padding = (0, node.integers("padding", 1, 0)[0])
    result = convolved(
        part,
        weight[:, :, None],
        (1, stride),
        padding,
        (1, dilation),
        _groups(node),
    )
    _check_input(node, part, 1)
    return _biased(node, result), "weights", "a convolution of height 1"


def _matrix(node: Node, part: Current) -> Result:
    result = multiplied(part, _weight(node, 2))
    why = "" if len(part.shape) == 1 else f"its input {part.shape} is taken as one dimension"
    return _biased(node, result), "weights", why


def _pool(node: Node, part: Current) -> Result:
    kernel, stride = _pair(node, "kernel_size", 1), _pair(node, "stride", 1)
    padding = _pair(node, "padding", 0)
    if kernel != stride or any(padding):
        raise node.refuse(
            f"kernel_size = {kernel}, stride = {stride}, padding = {padding}: expected windows "
            "side by side, stride = kernel_size and padding = 0; early sinabs wrote 1 for any "
            "stride: correct such a file"
        )
    average = node.kind == "AvgPool2d"
    size = kernel[0] if kernel[0] == kernel[1] else f"{kernel[0]}x{kernel[1]}"
    why = "" if average else f"a sum: {prod(kernel)} times the average"
    return pooled(part, kernel, average), f"pooling by {size}", why


def _flatten(node: Node, part: Current) -> Result:
    start = node.integers("start_dim", 1, -9)[0] if "start_dim" in node.values else 1
    end = node.integers("end_dim", 1, -9)[0] if "end_dim" in node.values else -1
    if start == -len(part.shape):
        start = 0
    # With or without the batch that some files have in front.
    if start not in (0, 1) or end not in (-1, len(part.shape) - 1, len(part.shape)):
        raise node.refuse(f"start_dim = {start}, end_dim = {end}: expected all but the batch")
    return flattened(part), "the contract's order", ""


def _scale(node: Node, part: Current) -> Result:
    scale = node.real("scale")
    if not np.isfinite(scale).all():
        raise node.refuse("scale: expected finite numbers")
    while scale.ndim > len(part.shape) and scale.shape[0] == 1:
        scale = scale[0]
    return scaled(part, scale), "a factor of weights", ""


LINEAR: dict[str, Callable[[Node, Current], Result]] = {
    "Conv2d": _conv2d,
    "Conv1d": _conv1d,
    "Linear": _matrix,
    "Affine": _matrix,
    "AvgPool2d": _pool,
    "SumPool2d": _pool,
    "Flatten": _flatten,
    "Scale": _scale,
}
"""By NIR's name. GraphError, or InputError without the node, where one is impossible."""


def _weight(node: Node, axes: int) -> np.ndarray:
    weight = node.real("weight")
    if weight.ndim != axes or not weight.size or not np.isfinite(weight).all():
        raise node.refuse(f"weight of shape {weight.shape}: expected {axes} axes, finite numbers")
    return weight


def _pair(node: Node, name: str, low: int) -> tuple[int, int]:
    first, second = node.integers(name, 2, low)
    return first, second


def _groups(node: Node) -> int:
    return node.integers("groups", 1, 1)[0] if "groups" in node.values else 1


def _check_input(node: Node, part: Current, axes: int) -> None:
    size = node.shape("input_shape")
    if size is not None and size[-axes:] != part.shape[-axes:]:
        raise node.refuse(f"input_shape = {size}: expected {part.shape[-axes:]}, what reaches it")


def _biased(node: Node, part: Current) -> Current:
    """With the node's bias, if it has one, and its name."""
    part = replace(part, node=node)
    if "bias" not in node.values:
        return part
    bias = node.real("bias").ravel()
    if bias.size not in (1, part.grid[0]) or not np.isfinite(bias).all():
        raise node.refuse(f"bias of {bias.size} numbers: expected {part.grid[0]}, finite ones")
    return replace(part, bias=np.broadcast_to(bias, part.grid[0]).astype(float))
