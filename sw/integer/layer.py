"""One layer of an integer network."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry, Shape

__all__ = [
    "MAX_MEMBRANE_BITS",
    "MAX_RESOLUTION",
    "MAX_SHORTCUT_BITS",
    "Edge",
    "Layer",
    "NetworkError",
    "Reset",
    "membrane_bits",
]

MAX_MEMBRANE_BITS = 24
"""Widest membrane: sums of membrane and weight stay exact in 32-bit integers."""

MAX_RESOLUTION = 1 << (MAX_MEMBRANE_BITS - 1)
"""Most weight units in a threshold: the highest that the widest membranes have."""

MAX_WEIGHT_BITS, MAX_SHORTCUT_BITS = 8, 16
"""Widest weight of the edge from the layer before, and of a shortcut."""

Reset = Literal["subtract", "zero"]
"""What a spike does to a membrane: subtract the threshold, or set it to 0."""


class NetworkError(InputError):
    """Invalid network or network file; the message names what, where and what was expected."""


@dataclass(frozen=True, eq=False)
class Edge:
    """Weighted connections into a layer: from the layer before, or a shortcut from an earlier one.

    Per spike of a shortcut's source, the layer consumes the shortcut's event before those that the
    layers between make of it.

    Parameters
    ----------
    geometry : Geometry
        Address arithmetic from the live extent of the source to that of the layer; ``conv2d`` for
        a shortcut.
    weight : numpy.ndarray
        int8 of shape ``geometry.weight_shape``, int16 where ``weight_bits`` is above 8, in one
        scale for all edges of a layer; made read-only.
    weight_bits : int
        Width of a signed weight, 2 to 8; of a shortcut, whose weights may be large beside those of
        the layer's other edge, 2 to 16.
    source : str, optional
        Name of the spiking layer at which a shortcut begins; None for the layer before, or the
        network's input.
    """

    geometry: Geometry
    weight: np.ndarray
    weight_bits: int
    source: str | None = None

    def __post_init__(self):
        where, most = "", MAX_WEIGHT_BITS
        if self.source is not None:
            most = MAX_SHORTCUT_BITS
            where = f"shortcut from {self.source!r}: "
            if self.geometry.kind != "conv2d":
                raise NetworkError(f"{where}kind = {self.geometry.kind!r}: expected 'conv2d'")
        _integer(f"{where}weight_bits", self.weight_bits, 2, most)
        dtype = np.int8 if self.weight_bits <= 8 else np.int16
        _array(f"{where}weight", self.weight, dtype, self.geometry.weight_shape)
        half = 1 << (self.weight_bits - 1)
        _range(f"{where}weight", self.weight, -half, half - 1)
        self.weight.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Layer:
    """One weighted layer of integrate-and-fire neurons, or the readout.

    For an event that reaches neuron ``n`` of channel ``c`` with weight ``w``::

        s = v[n] + w
        if s >= threshold[c]:  n spikes;  s = s - threshold[c], or 0 where reset is "zero"
        v[n] = clamp(s, floor[c], ceil)

    Parameters
    ----------
    name : str
        Name that is unique in the network.
    edges : tuple of Edge
        The edge from the layer before; behind it a shortcut, if any, but none into the readout.
    threshold, floor : numpy.ndarray
        int32 of shape ``(channels,)``; empty for the readout; made read-only.
    membrane_bits : int
        Width of a signed membrane, 2 to 24; 32 for the readout, whose logits saturate.
    reset : str
        ``"subtract"``, also for the readout, or ``"zero"``.
    initial_logits : numpy.ndarray
        Logits with which each sample begins, int32 of shape ``(channels,)``; empty where all begin
        at 0, and of spiking layers; made read-only.
    """

    name: str
    edges: tuple[Edge, ...]
    threshold: np.ndarray
    floor: np.ndarray
    membrane_bits: int
    reset: Reset = "subtract"
    initial_logits: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))

    def __post_init__(self):
        where = f"layer {self.name!r}"
        self._check_edges(where)
        possible = get_args(Reset)[:1] if self.is_readout else get_args(Reset)
        if self.reset not in possible:
            raise NetworkError(f"{where}: reset = {self.reset!r}: expected one of {possible}")
        channels = (0,) if self.is_readout else self.output_shape[:1]
        _array(f"{where}: threshold", self.threshold, np.int32, channels)
        _array(f"{where}: floor", self.floor, np.int32, channels)
        if self.is_readout:
            _integer(f"{where}: membrane_bits of a readout", self.membrane_bits, 32, 32)
        else:
            _integer(f"{where}: membrane_bits", self.membrane_bits, 2, MAX_MEMBRANE_BITS)
            half = 1 << (self.membrane_bits - 1)
            _range(f"{where}: threshold", self.threshold, 1, half)
            _range(f"{where}: floor", self.floor, -half, -1)
        given = self.is_readout and np.size(self.initial_logits) > 0
        initial = self.output_shape[:1] if given else (0,)
        _array(f"{where}: initial_logits", self.initial_logits, np.int32, initial)
        for array in (self.threshold, self.floor, self.initial_logits):
            array.flags.writeable = False

    def _check_edges(self, where: str) -> None:
        sources = [edge.source for edge in self.edges]
        if sources[:1] != [None] or None in sources[1:] or len(sources) > 2:
            raise NetworkError(
                f"{where}: edges from {sources}: expected None, which is the layer before, and at "
                "most one shortcut behind it"
            )
        for shortcut in self.edges[1:]:
            if self.is_readout:
                raise NetworkError(f"{where}: expected no shortcut into a readout")
            reached = shortcut.geometry.output_shape
            if reached != self.output_shape:
                raise NetworkError(
                    f"{where}: shortcut.output_shape = {reached!r}: "
                    f"expected {self.output_shape!r}, the layer's"
                )

    @property
    def kind(self) -> str:
        """``"conv2d"``, ``"linear"`` or ``"readout"``."""
        return self.edges[0].geometry.kind

    @property
    def output_shape(self) -> Shape:
        """Live extent of the layer's neurons."""
        return self.edges[0].geometry.output_shape

    @property
    def is_readout(self) -> bool:
        """Whether the layer accumulates logits instead of spiking."""
        return self.kind == "readout"

    @property
    def ceil(self) -> int:
        """Highest membrane or logit value."""
        return (1 << (self.membrane_bits - 1)) - 1


def membrane_bits(threshold: int, floor: int) -> int:
    """Width of the narrowest membranes with thresholds up to, and floors down to, these."""
    return max(2, (max(threshold, -floor) - 1).bit_length() + 1)


def _integer(label: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        expected = low if low == high else f"an integer in {low}..{high}"
        raise NetworkError(f"{label} = {value!r}: expected {expected}")


def _array(label: str, array: object, dtype: type, shape: tuple[int, ...]) -> None:
    expected = f"{label}: expected {np.dtype(dtype)} {shape}"
    if not isinstance(array, np.ndarray):
        raise NetworkError(f"{expected}, got {type(array).__name__}")
    if array.dtype != dtype or array.shape != shape:
        raise NetworkError(f"{expected}, got {array.dtype} {array.shape}")


def _range(label: str, array: np.ndarray, low: int, high: int) -> None:
    outside = np.argwhere((array < low) | (array > high))
    if len(outside):
        index = tuple(int(i) for i in outside[0])
        raise NetworkError(f"{label}{list(index)} = {array[index]}: expected {low}..{high}")
