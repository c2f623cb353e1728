"""One layer of an integer network."""

from dataclasses import dataclass

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Geometry

__all__ = ["MAX_MEMBRANE_BITS", "Layer", "NetworkError", "Shortcut", "membrane_bits"]

MAX_MEMBRANE_BITS = 24
"""Widest membrane: sums of membrane and weight stay exact in 32-bit integers."""


class NetworkError(InputError):
    """Invalid network or network file; the message names what, where and what was expected."""


@dataclass(frozen=True, eq=False)
class Shortcut:
    """Second edge into a layer: an earlier layer's spikes, past the layers between.

    Per spike of its source, the layer consumes this edge's event before those that the layers
    between make of it.

    Parameters
    ----------
    source : str
        Name of the spiking layer that sends the spikes.
    geometry : Geometry
        ``conv2d`` from the live extent of the source to that of the layer.
    weight : numpy.ndarray
        int8 of shape ``geometry.weight_shape``, in the scale of the layer's own weights; made
        read-only.
    weight_bits : int
        Width of a signed weight, 2 to 8.
    """

    source: str
    geometry: Geometry
    weight: np.ndarray
    weight_bits: int

    def __post_init__(self):
        where = f"shortcut from {self.source!r}"
        if self.geometry.kind != "conv2d":
            raise NetworkError(f"{where}: kind = {self.geometry.kind!r}: expected 'conv2d'")
        _weights(where, self)


@dataclass(frozen=True, eq=False)
class Layer:
    """One weighted layer of integrate-and-fire neurons, or the readout.

    For an event that reaches neuron ``n`` of channel ``c`` with weight ``w``::

        s = v[n] + w
        if s >= threshold[c]:  n spikes;  s = s - threshold[c]
        v[n] = clamp(s, floor[c], ceil)

    Parameters
    ----------
    name : str
        Name that is unique in the network.
    geometry : Geometry
        Address arithmetic and live extents.
    weight : numpy.ndarray
        int8 of shape ``geometry.weight_shape``; made read-only, like the other arrays.
    weight_bits : int
        Width of a signed weight, 2 to 8.
    threshold, floor : numpy.ndarray
        int32 of shape ``(channels,)``; empty for the readout.
    membrane_bits : int
        Width of a signed membrane, 2 to 24; 32 for the readout, whose logits saturate.
    shortcut : Shortcut, optional
        Second edge into the layer, none into the readout.
    """

    name: str
    geometry: Geometry
    weight: np.ndarray
    weight_bits: int
    threshold: np.ndarray
    floor: np.ndarray
    membrane_bits: int
    shortcut: Shortcut | None = None

    def __post_init__(self):
        where = f"layer {self.name!r}"
        _weights(where, self)
        channels = (0,) if self.is_readout else self.geometry.output_shape[:1]
        _array(f"{where}: threshold", self.threshold, np.int32, channels)
        _array(f"{where}: floor", self.floor, np.int32, channels)
        if self.is_readout:
            _integer(f"{where}: membrane_bits of a readout", self.membrane_bits, 32, 32)
        else:
            _integer(f"{where}: membrane_bits", self.membrane_bits, 2, MAX_MEMBRANE_BITS)
            half = 1 << (self.membrane_bits - 1)
            _range(f"{where}: threshold", self.threshold, 1, half)
            _range(f"{where}: floor", self.floor, -half, -1)
        for array in (self.threshold, self.floor):
            array.flags.writeable = False
        if self.shortcut:
            if self.is_readout:
                raise NetworkError(f"{where}: expected no shortcut into a readout")
            reached, own = self.shortcut.geometry.output_shape, self.geometry.output_shape
            if reached != own:
                raise NetworkError(
                    f"{where}: shortcut.output_shape = {reached!r}: expected {own!r}, the layer's"
                )

    @property
    def is_readout(self) -> bool:
        """Whether the layer accumulates logits instead of spiking."""
        return self.geometry.kind == "readout"

    @property
    def ceil(self) -> int:
        """Highest membrane or logit value."""
        return (1 << (self.membrane_bits - 1)) - 1


def membrane_bits(threshold: int, floor: int) -> int:
    """Width of the narrowest membranes with thresholds up to, and floors down to, these."""
    return max(2, (max(threshold, -floor) - 1).bit_length() + 1)


def _weights(where: str, edge: Layer | Shortcut) -> None:
    """Check an edge's weights and make them read-only."""
    _integer(f"{where}: weight_bits", edge.weight_bits, 2, 8)
    _array(f"{where}: weight", edge.weight, np.int8, edge.geometry.weight_shape)
    half = 1 << (edge.weight_bits - 1)
    _range(f"{where}: weight", edge.weight, -half, half - 1)
    edge.weight.flags.writeable = False


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
