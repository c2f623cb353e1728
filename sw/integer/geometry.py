"""Geometry of a layer: which output positions an input event reaches."""

from dataclasses import dataclass
from typing import Literal

from tickless.errors import InputError

__all__ = ["Geometry", "GeometryError", "Reach", "Shape", "check_integers"]

Shape = tuple[int, int, int]
"""Extent ``(channels, height, width)``."""


class GeometryError(InputError):
    """Impossible layer geometry; the message names the field, its value and what was expected."""


@dataclass(frozen=True)
class Reach:
    """Output positions of one axis that an input coordinate reaches.

    Position ``first + j`` is reached through kernel index ``kernel_first - j * stride``
    for ``j`` in ``range(count)``.

    Members
    -------
    first : int
        Lowest output coordinate reached; 0 where ``count`` is 0.
    count : int
        Number of output coordinates reached; 0 for an event that reaches none.
    kernel_first : int
        Kernel index through which ``first`` is reached; 0 where ``count`` is 0.
    """

    first: int
    count: int
    kernel_first: int


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
    stride, padding : int
        As in ``torch.nn.Conv2d``; 1 and 0 for linear layers.
    pool : int
        Pooling factor in front of the weights; 1 for none.
    groups : int
        Convolution groups.
    """

    kind: Literal["conv2d", "linear", "readout"]
    input_shape: Shape
    output_shape: Shape
    kernel: tuple[int, int]
    stride: int = 1
    padding: int = 0
    pool: int = 1
    groups: int = 1

    def __post_init__(self):
        if self.kind not in ("conv2d", "linear", "readout"):
            raise GeometryError(f"kind = {self.kind!r}: expected 'conv2d', 'linear' or 'readout'")
        check_integers(self, stride=1, padding=0, pool=1, groups=1)
        for name, length in (("input_shape", 3), ("output_shape", 3), ("kernel", 2)):
            value = getattr(self, name)
            if (
                type(value) is not tuple
                or len(value) != length
                or any(type(item) is not int or item < 1 for item in value)
            ):
                raise GeometryError(f"{name} = {value!r}: expected {length} positive integers")
        for name, shape in (("input", self.input_shape), ("output", self.output_shape)):
            if shape[0] % self.groups:
                raise GeometryError(
                    f"groups = {self.groups}: expected a divisor of the {shape[0]} {name} channels"
                )
        if self.kind == "conv2d":
            if self.kernel[0] != self.kernel[1]:
                raise GeometryError(f"kernel = {self.kernel!r}: expected a square kernel")
            full = tuple(
                (size + 2 * self.padding - self.kernel[0]) // self.stride + 1
                for size in self.pooled_shape[1:]
            )
            if self.output_shape[1] > full[0] or self.output_shape[2] > full[1]:
                raise GeometryError(
                    f"output_shape = {self.output_shape!r}: expected at most {full!r} positions"
                )
        elif (
            self.kernel != self.pooled_shape[1:]
            or self.output_shape[1:] != (1, 1)
            or (self.stride, self.padding, self.groups) != (1, 0, 1)
        ):
            raise GeometryError(
                f"kernel = {self.kernel!r}, output_shape = {self.output_shape!r}: expected a "
                f"{self.kind} layer over all of its pooled input {self.pooled_shape!r} with one "
                "output position, stride 1, padding 0 and one group"
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
            return Reach(0, 0, 0)
        padded = pooled + self.padding
        first = max(0, -((self.kernel[axis] - 1 - padded) // self.stride))
        last = min(self.output_shape[1 + axis] - 1, padded // self.stride)
        if last < first:
            return Reach(0, 0, 0)
        return Reach(first, last - first + 1, padded - first * self.stride)

    def group_channels(self, channel: int) -> range:
        """Output channels that an input channel reaches."""
        size = self.output_shape[0] // self.groups
        group = channel // (self.input_shape[0] // self.groups)
        return range(group * size, (group + 1) * size)


def check_integers(item: object, **lows: int) -> None:
    """GeometryError unless fields are integers of at least these values."""
    for name, low in lows.items():
        value = getattr(item, name)
        if type(value) is not int or value < low:
            raise GeometryError(f"{name} = {value!r}: expected an integer of at least {low}")
