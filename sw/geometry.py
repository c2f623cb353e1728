"""Geometry of a layer: which output positions an input event reaches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

__all__ = ["Geometry", "GeometryError", "LayerSpec", "Reach", "Shape", "ShortcutSpec", "chain"]

Shape = tuple[int, int, int]
"""Extent ``(channels, height, width)``."""


class GeometryError(ValueError):
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
        _integers(self, stride=1, padding=0, pool=1, groups=1)
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


@dataclass(frozen=True)
class ShortcutSpec:
    """Description of a shortcut: a convolution of an earlier layer's spikes, beside the chain.

    One of kernel 1 and as many groups as channels passes each channel on to itself.

    Parameters
    ----------
    source : int
        Index in the chain of the layer that sends the spikes.
    kernel, stride, padding, pool, groups : int
        As in `Geometry`.
    """

    kind: ClassVar[Literal["conv2d"]] = "conv2d"
    source: int
    kernel: int
    stride: int = 1
    padding: int = 0
    pool: int = 1
    groups: int = 1

    def __post_init__(self):
        _integers(self, source=0, kernel=1, stride=1, padding=0, pool=1, groups=1)

    def geometry(self, input_shape: Shape, output_shape: Shape) -> Geometry:
        """Address arithmetic between the live extents of the source and of the layer reached."""
        options = (self.stride, self.padding, self.pool, self.groups)
        return Geometry(self.kind, input_shape, output_shape, (self.kernel, self.kernel), *options)


@dataclass(frozen=True)
class LayerSpec:
    """Description of one layer, from which `chain` makes its geometry.

    Parameters
    ----------
    kind : str
        ``"conv2d"``, ``"linear"`` or ``"readout"``.
    channels : int
        Output channels.
    kernel : int
        Kernel size of a ``conv2d``; 0 for the others, whose kernel is their whole input.
    stride, padding, pool, groups : int
        As in `Geometry`.
    shortcut : ShortcutSpec, optional
        Second edge into the layer.
    """

    kind: Literal["conv2d", "linear", "readout"]
    channels: int
    kernel: int = 0
    stride: int = 1
    padding: int = 0
    pool: int = 1
    groups: int = 1
    shortcut: ShortcutSpec | None = None

    def __post_init__(self):
        kernel = int(self.kind == "conv2d")
        _integers(self, channels=1, kernel=kernel, stride=1, padding=0, pool=1, groups=1)
        if not isinstance(self.shortcut, ShortcutSpec | None):
            raise GeometryError(f"shortcut = {self.shortcut!r}: expected a ShortcutSpec or None")


def chain(sensor: Shape, specs: Sequence[LayerSpec]) -> tuple[Geometry, ...]:
    """Geometries of a chain of layers, with their live extents.

    Raises
    ------
    GeometryError
        If a layer is impossible or has no output; the message names the layer.
    """
    whole: list[Geometry] = []
    edges: list[tuple[int, int, Geometry]] = []  # source, target and the arithmetic between
    for index, spec in enumerate(specs):
        try:
            whole.append(_whole(spec, whole[-1].output_shape if whole else sensor, spec.channels))
            if spec.shortcut:
                source = spec.shortcut.source
                if source > index - 2:
                    raise GeometryError(f"shortcut.source = {source}: expected < {index - 1}")
                direct = _whole(spec.shortcut, whole[source].output_shape, spec.channels)
                if direct.output_shape != whole[-1].output_shape:
                    raise GeometryError(
                        f"{spec.shortcut} has the output {direct.output_shape!r}: expected the "
                        f"layer's own, {whole[-1].output_shape!r}"
                    )
                edges.append((source, index, direct))
        except GeometryError as error:
            raise GeometryError(f"layer {index}: {error}") from None
        edges.append((index - 1, index, whole[-1]))

    live = [(spec.channels, 1, 1) for spec in specs]
    live[-1:] = [geometry.output_shape for geometry in whole[-1:]]
    for source, target, geometry in reversed(edges):
        if source >= 0:
            channels, *size = live[source]
            height, width = map(max, size, _read(geometry, live[target]))
            live[source] = (channels, height, width)
    return tuple(
        replace(geometry, input_shape=sent, output_shape=kept)
        for geometry, sent, kept in zip(whole, [sensor, *live], live, strict=False)
    )


def _integers(item: object, **lows: int) -> None:
    for name, low in lows.items():
        value = getattr(item, name)
        if type(value) is not int or value < low:
            raise GeometryError(f"{name} = {value!r}: expected an integer of at least {low}")


def _whole(spec: LayerSpec | ShortcutSpec, source: Shape, channels: int) -> Geometry:
    """Geometry of an edge with all its output positions."""
    pooled = (source[1] // spec.pool, source[2] // spec.pool)
    kernel = (spec.kernel, spec.kernel) if spec.kind == "conv2d" else pooled
    height, width = (
        (p + 2 * spec.padding - k) // spec.stride + 1 for p, k in zip(pooled, kernel, strict=True)
    )
    if min(*pooled, height, width) < 1:
        raise GeometryError(f"{spec} has no output for an input of {source[1:]}")
    options = (spec.stride, spec.padding, spec.pool, spec.groups)
    return Geometry(spec.kind, source, (channels, height, width), kernel, *options)


def _read(geometry: Geometry, live: Shape) -> Iterator[int]:
    """Input height and width that an edge reads for its ``live`` outputs."""
    for pooled, out, k in zip(geometry.pooled_shape[1:], live[1:], geometry.kernel, strict=True):
        reached = (out - 1) * geometry.stride + k - geometry.padding
        yield min(pooled, reached) * geometry.pool
