"""Chains of layers: descriptions, from which their geometries with live extents follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from tickless.sw.integer.geometry import Geometry, GeometryError, Shape, output_size

__all__ = ["LayerSpec", "PerAxis", "ShortcutSpec", "layer_geometries"]

PerAxis = int | tuple[int, int]
"""One value for both axes, or one for rows and one for columns."""


@dataclass(frozen=True)
class ShortcutSpec:
    """Description of a shortcut: a convolution of an earlier layer's spikes, beside the chain.

    One of kernel 1 and as many groups as channels passes each channel on to itself.

    Parameters
    ----------
    source : int
        Index in the chain of the layer that sends the spikes.
    kernel, stride, padding, dilation : int or tuple of int
        As in `Geometry`.
    pool, groups : int
        As in `Geometry`.
    """

    kind: ClassVar[Literal["conv2d"]] = "conv2d"
    source: int
    kernel: PerAxis
    stride: PerAxis = 1
    padding: PerAxis = 0
    pool: int = 1
    groups: int = 1
    dilation: PerAxis = 1

    def __post_init__(self):
        _check(self, kernel=1)
        _check_integer("source", self.source, 0)

    def geometry(self, input_shape: Shape, output_shape: Shape) -> Geometry:
        """Address arithmetic between the live extents of the source and of the layer reached."""
        return _geometry(self, input_shape, output_shape, _by_axis(self.kernel))


@dataclass(frozen=True)
class LayerSpec:
    """Description of one layer, from which `layer_geometries` makes its geometry.

    Parameters
    ----------
    kind : str
        ``"conv2d"``, ``"linear"`` or ``"readout"``.
    channels : int
        Output channels.
    kernel : int or tuple of int
        Kernel size of a ``conv2d``; 0 for the others, whose kernel is their whole input.
    stride, padding, dilation : int or tuple of int
        As in `Geometry`.
    pool, groups : int
        As in `Geometry`.
    shortcut : ShortcutSpec, optional
        Second edge into the layer.
    """

    kind: Literal["conv2d", "linear", "readout"]
    channels: int
    kernel: PerAxis = 0
    stride: PerAxis = 1
    padding: PerAxis = 0
    pool: int = 1
    groups: int = 1
    shortcut: ShortcutSpec | None = None
    dilation: PerAxis = 1

    def __post_init__(self):
        _check(self, kernel=int(self.kind == "conv2d"))
        _check_integer("channels", self.channels, 1)
        if not isinstance(self.shortcut, ShortcutSpec | None):
            raise GeometryError(f"shortcut = {self.shortcut!r}: expected a ShortcutSpec or None")


def layer_geometries(sensor: Shape, specs: Sequence[LayerSpec]) -> tuple[Geometry, ...]:
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
            raise GeometryError(f"layer {index + 1}: {error}") from None
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


def _whole(spec: LayerSpec | ShortcutSpec, source: Shape, channels: int) -> Geometry:
    """Geometry of an edge with all its output positions."""
    pooled = (source[1] // spec.pool, source[2] // spec.pool)
    kernel = _by_axis(spec.kernel) if spec.kind == "conv2d" else pooled
    parts = map(_by_axis, (spec.stride, spec.padding, spec.dilation))
    height, width = map(output_size, pooled, kernel, *parts)
    if min(*pooled, height, width) < 1:
        raise GeometryError(f"{spec} has no output for an input of {source[1:]}")
    return _geometry(spec, source, (channels, height, width), kernel)


def _geometry(
    spec: LayerSpec | ShortcutSpec, source: Shape, output: Shape, kernel: tuple[int, int]
) -> Geometry:
    return Geometry(
        spec.kind,
        source,
        output,
        kernel,
        _by_axis(spec.stride),
        _by_axis(spec.padding),
        spec.pool,
        spec.groups,
        _by_axis(spec.dilation),
    )


def _read(geometry: Geometry, live: Shape) -> Iterator[int]:
    """Input height and width that an edge reads for its ``live`` outputs."""
    for axis, (pooled, out) in enumerate(zip(geometry.pooled_shape[1:], live[1:], strict=True)):
        kernel = geometry.dilation[axis] * (geometry.kernel[axis] - 1) + 1
        reached = (out - 1) * geometry.stride[axis] + kernel - geometry.padding[axis]
        yield min(pooled, reached) * geometry.pool


def _by_axis(value: PerAxis) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _check(spec: LayerSpec | ShortcutSpec, kernel: int) -> None:
    """GeometryError unless the fields that both kinds have are numbers in range."""
    for name, low in (("pool", 1), ("groups", 1)):
        _check_integer(name, getattr(spec, name), low)
    for name, low in (("kernel", kernel), ("stride", 1), ("padding", 0), ("dilation", 1)):
        value = getattr(spec, name)
        if type(value) is not tuple:
            _check_integer(name, value, low)
        elif len(value) != 2 or any(type(item) is not int or item < low for item in value):
            raise GeometryError(f"{name} = {value!r}: expected two integers of at least {low}")


def _check_integer(name: str, value: object, low: int) -> None:
    if type(value) is not int or value < low:
        raise GeometryError(f"{name} = {value!r}: expected an integer of at least {low}")
