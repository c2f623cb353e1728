"""Geometry of a layer: which output positions an input event reaches."""

from dataclasses import dataclass
from math import gcd
from typing import Literal

from tickless.errors import InputError

__all__ = ["Geometry", "GeometryError", "Reach", "Shape", "output_size"]

Shape = tuple[int, int, int]
"""Extent ``(channels, height, width)``."""


class GeometryError(InputError):
    """Impossible layer geometry; the message names the field, its value and what was expected."""


@dataclass(frozen=True)
class Reach:
    """Output positions of one axis that an input coordinate reaches.

    Members
    -------
    positions : range
        Output coordinates reached, ascending; empty for an event that reaches none.
    kernel : range
        Kernel index through which each of them is reached.
    """

    positions: range
    kernel: range


@dataclass(frozen=True)
class Geometry:
    """Address arithmetic of one weighted layer with average pooling in front.

    A linear layer is the convolution whose kernel covers its pooled input: one output position.
    Shapes are live extents: positions that no consumer can read are no part of a layer.

    Parameters
    ----------
    kind : str
        ``"conv2d"``, ``"linear"`` or ``"readout"`` (a linear layer that does not spike).
    input_shape : Shape
        Extent of the incoming events, before pooling.
    output_shape : Shape
        Live extent of the layer's neurons.
    kernel : tuple of int
        Kernel height and width.
    stride, padding, dilation : tuple of int
        As in ``torch.nn.Conv2d``, for rows and for columns; 1, 0 and 1 for linear layers.
    pool : int
        Pooling factor in front of the weights; 1 for none.
    groups : int
        Convolution groups.
    """

    kind: Literal["conv2d", "linear", "readout"]
    input_shape: Shape
    output_shape: Shape
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: int = 1
    groups: int = 1
    dilation: tuple[int, int] = (1, 1)

    def __post_init__(self):
        if self.kind not in ("conv2d", "linear", "readout"):
            raise GeometryError(f"kind = {self.kind!r}: expected 'conv2d', 'linear' or 'readout'")
        for name, low in (("pool", 1), ("groups", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < low:
                raise GeometryError(f"{name} = {value!r}: expected an integer of at least {low}")
        for name, length, low in (
            ("input_shape", 3, 1),
            ("output_shape", 3, 1),
            ("kernel", 2, 1),
            ("stride", 2, 1),
            ("padding", 2, 0),
            ("dilation", 2, 1),
        ):
            value = getattr(self, name)
            if (
                type(value) is not tuple
                or len(value) != length
                or any(type(item) is not int or item < low for item in value)
            ):
                raise GeometryError(
                    f"{name} = {value!r}: expected {length} integers of at least {low}"
                )
        for name, shape in (("input", self.input_shape), ("output", self.output_shape)):
            if shape[0] % self.groups:
                raise GeometryError(
                    f"groups = {self.groups}: expected a divisor of the {shape[0]} {name} channels"
                )
        if self.kind == "conv2d":
            parts = (self.kernel, self.stride, self.padding, self.dilation)
            full = tuple(map(output_size, self.pooled_shape[1:], *parts))
            if self.output_shape[1] > full[0] or self.output_shape[2] > full[1]:
                raise GeometryError(
                    f"output_shape = {self.output_shape!r}: expected at most {full!r} positions"
                )
        elif (
            self.kernel != self.pooled_shape[1:]
            or self.output_shape[1:] != (1, 1)
            or (self.stride, self.padding, self.dilation) != ((1, 1), (0, 0), (1, 1))
            or self.groups != 1
        ):
            raise GeometryError(
                f"kernel = {self.kernel!r}, output_shape = {self.output_shape!r}: expected a "
                f"{self.kind} layer over all of its pooled input {self.pooled_shape!r} with one "
                "output position, stride 1, padding 0, dilation 1 and one group"
            )

    @property
    def pooled_shape(self) -> Shape:
        """Extent of the input behind the pooling."""
        channels, height, width = self.input_shape
        return channels, height // self.pool, width // self.pool

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weights: ``(outputs, inputs / groups, kernel height, kernel width)``."""
        return (self.output_shape[0], self.input_shape[0] // self.groups, *self.kernel)

    def reach(self, axis: int, coordinate: int) -> Reach:
        """Output positions that an input coordinate reaches along one axis.

        Parameters
        ----------
        axis : int
            0 for rows (y), 1 for columns (x).
        coordinate : int
            Input coordinate before pooling.
        """
        pooled = coordinate // self.pool
        if not 0 <= pooled < self.pooled_shape[1 + axis]:
            return Reach(range(0), range(0))
        stride, dilation = self.stride[axis], self.dilation[axis]
        # Reached are the positions for which stride * position + dilation * index is this, with
        # an index of the kernel: positions a step apart, indices a descent.
        padded = pooled + self.padding[axis]
        common = gcd(stride, dilation)
        step, descent = dilation // common, stride // common
        if padded % common:
            return Reach(range(0), range(0))
        lowest = max(0, -((dilation * (self.kernel[axis] - 1) - padded) // stride))
        remainder = padded // common * pow(descent, -1, step) % step
        first = lowest + (remainder - lowest) % step
        end = min(self.output_shape[1 + axis], padded // stride + 1)
        positions = range(first, end, step)
        index = (padded - stride * first) // dilation
        return Reach(positions, range(index, index - descent * len(positions), -descent))

    def group_channels(self, channel: int) -> range:
        """Output channels that an input channel reaches."""
        size = self.output_shape[0] // self.groups
        group = channel // (self.input_shape[0] // self.groups)
        return range(group * size, (group + 1) * size)


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Output positions of a convolution along one axis; below 1 if there are none."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
