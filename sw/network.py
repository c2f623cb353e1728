"""Integer network: the artefact that quantization writes and hardware, golden model and tests read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from sw.geometry import Geometry, GeometryError, Shape

__all__ = ["FORMAT_VERSION", "Layer", "Network", "NetworkError", "Provenance"]

FORMAT_VERSION = 1
"""Version of the file format; another one is refused."""

MAX_MEMBRANE_BITS = 24
"""Widest membrane: sums of membrane and weight stay exact in 32-bit integers."""


class NetworkError(ValueError):
    """Invalid network or network file; the message names what, where and what was expected."""


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
        int8 of shape ``geometry.weight_shape``.
    weight_bits : int
        Width of a signed weight, 2 to 8.
    threshold, floor : numpy.ndarray
        int32 of shape ``(channels,)``; empty for the readout.
    membrane_bits : int
        Width of a signed membrane, 2 to 24; 32 for the readout, whose logits saturate.
    """

    name: str
    geometry: Geometry
    weight: np.ndarray
    weight_bits: int
    threshold: np.ndarray
    floor: np.ndarray
    membrane_bits: int

    def __post_init__(self):
        where = f"layer {self.name!r}"
        _integer(f"{where}: weight_bits", self.weight_bits, 2, 8)
        _array(f"{where}: weight", self.weight, np.int8, self.geometry.weight_shape)
        half = 1 << (self.weight_bits - 1)
        _range(f"{where}: weight", self.weight, -half, half - 1)
        channels = () if self.is_readout else (self.geometry.output_shape[0],)
        _array(f"{where}: threshold", self.threshold, np.int32, channels or (0,))
        _array(f"{where}: floor", self.floor, np.int32, channels or (0,))
        if self.is_readout:
            _integer(f"{where}: membrane_bits of a readout", self.membrane_bits, 32, 32)
        else:
            _integer(f"{where}: membrane_bits", self.membrane_bits, 2, MAX_MEMBRANE_BITS)
            half = 1 << (self.membrane_bits - 1)
            _range(f"{where}: threshold", self.threshold, 1, half)
            _range(f"{where}: floor", self.floor, -half, -1)
        for array in (self.weight, self.threshold, self.floor):
            array.flags.writeable = False

    @property
    def is_readout(self) -> bool:
        """Whether the layer accumulates logits instead of spiking."""
        return self.geometry.kind == "readout"

    @property
    def ceil(self) -> int:
        """Highest membrane or logit value."""
        return (1 << (self.membrane_bits - 1)) - 1


@dataclass(frozen=True)
class Provenance:
    """Where a network comes from.

    Members
    -------
    dataset, method : str
        Data set and training method; ``""`` where unknown.
    seed : int
        Seed of the training run.
    accuracies : mapping of str to float
        Accuracies measured when the network was made, as fractions.
    """

    dataset: str = ""
    method: str = ""
    seed: int = 0
    accuracies: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Network:
    """Chain of spiking layers closed by one readout.

    Parameters
    ----------
    layers : tuple of Layer
        Each layer's input shape is its predecessor's output shape; the last layer is the readout.
    logit_scale : float
        Real value of one unit of an integer logit, pooling factor included.
    provenance : Provenance
        Data set, training method, seed and accuracies.
    """

    layers: tuple[Layer, ...]
    logit_scale: float = 1.0
    provenance: Provenance = Provenance()

    def __post_init__(self):
        if not self.layers:
            raise NetworkError("layers: expected at least a readout, got none")
        names = [layer.name for layer in self.layers]
        for index, layer in enumerate(self.layers):
            if not layer.name or names.index(layer.name) != index:
                raise NetworkError(f"layers[{index}].name = {layer.name!r}: expected a unique name")
            if layer.is_readout != (index == len(self.layers) - 1):
                raise NetworkError(
                    f"layers[{index}].kind = {layer.geometry.kind!r}: expected one readout, "
                    f"as the last of {len(self.layers)} layers"
                )
            if index:
                sent = self.layers[index - 1].geometry.output_shape
                if layer.geometry.input_shape != sent:
                    raise NetworkError(
                        f"layers[{index}].input_shape = {layer.geometry.input_shape!r}: expected "
                        f"{sent!r}, the output shape of {names[index - 1]!r}"
                    )
        if not (isinstance(self.logit_scale, float) and 0 < self.logit_scale < float("inf")):
            raise NetworkError(f"logit_scale = {self.logit_scale!r}: expected a positive number")

    @property
    def input_shape(self) -> Shape:
        """Extent of the sensor ``(channels, height, width)``."""
        return self.layers[0].geometry.input_shape

    @property
    def classes(self) -> int:
        """Number of logits."""
        return self.layers[-1].geometry.output_shape[0]

    @property
    def hash(self) -> str:
        """SHA-256 over everything that decides what the network computes, and its provenance."""
        digest = hashlib.sha256(json.dumps(self._description(), sort_keys=True).encode())
        for name, array in sorted(self._tensors().items()):
            digest.update(name.encode() + array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def save(self, path: Path | str) -> None:
        """Write the network as one safetensors file with its description in the header."""
        description = {**self._description(), "hash": self.hash}
        save_file(self._tensors(), path, {"tickless": json.dumps(description, sort_keys=True)})

    @classmethod
    def load(cls, path: Path | str) -> "Network":
        """Read and validate a network file.

        Raises
        ------
        NetworkError
            If the file is missing, no network file, of another version or damaged in any field.
        """
        try:
            with safe_open(path, "numpy") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError:
            raise NetworkError(f"{path}: no such network file") from None
        except (SafetensorError, OSError) as error:
            raise NetworkError(f"{path}: not a safetensors file: {error}") from None
        try:
            return cls._from_description(_parse(metadata), tensors)
        except (NetworkError, GeometryError) as error:
            raise NetworkError(f"{path}: {error}") from None

    def _tensors(self) -> dict[str, np.ndarray]:
        return {
            f"{layer.name}.{name}": getattr(layer, name)
            for layer in self.layers
            for name in ("weight", "threshold", "floor")
        }

    def _description(self) -> dict[str, Any]:
        return {
            "format_version": FORMAT_VERSION,
            "logit_scale": self.logit_scale,
            "provenance": {
                "dataset": self.provenance.dataset,
                "method": self.provenance.method,
                "seed": self.provenance.seed,
                "accuracies": dict(self.provenance.accuracies),
            },
            "layers": [
                {
                    "name": layer.name,
                    "weight_bits": layer.weight_bits,
                    "membrane_bits": layer.membrane_bits,
                    "geometry": {
                        name: getattr(layer.geometry, name) for name in _GEOMETRY_FIELDS
                    },
                }
                for layer in self.layers
            ],
        }

    @classmethod
    def _from_description(cls, text: dict[str, Any], tensors: dict[str, np.ndarray]) -> "Network":
        stored_hash = _field(text, "hash", str)
        layers = []
        for index, entry in enumerate(_field(text, "layers", list)):
            where = f"layers[{index}]"
            if not isinstance(entry, dict):
                raise NetworkError(f"{where} = {entry!r}: expected an object")
            geometry = _field(entry, "geometry", dict, where)
            if set(geometry) != set(_GEOMETRY_FIELDS):
                raise NetworkError(
                    f"{where}.geometry: expected the fields {_GEOMETRY_FIELDS}, got {sorted(geometry)}"
                )
            name = _field(entry, "name", str, where)
            arrays = {}
            for part in ("weight", "threshold", "floor"):
                if f"{name}.{part}" not in tensors:
                    raise NetworkError(f"{where}: tensor {name}.{part} is missing")
                arrays[part] = tensors.pop(f"{name}.{part}")
            values = {k: tuple(v) if isinstance(v, list) else v for k, v in geometry.items()}
            try:
                shape = Geometry(**values)
            except GeometryError as error:
                raise NetworkError(f"{where}.geometry: {error}") from None
            widths = {k: _field(entry, k, int, where) for k in ("weight_bits", "membrane_bits")}
            layers.append(Layer(name=name, geometry=shape, **arrays, **widths))
        if tensors:
            raise NetworkError(f"tensors {sorted(tensors)} belong to no layer")
        origin = _field(text, "provenance", dict)
        network = cls(
            layers=tuple(layers),
            logit_scale=_field(text, "logit_scale", float),
            provenance=Provenance(
                dataset=_field(origin, "dataset", str, "provenance"),
                method=_field(origin, "method", str, "provenance"),
                seed=_field(origin, "seed", int, "provenance"),
                accuracies=_field(origin, "accuracies", dict, "provenance"),
            ),
        )
        if network.hash != stored_hash:
            raise NetworkError(
                f"hash: the content gives {network.hash[:16]}..., the file says "
                f"{stored_hash[:16]!r}...: the file is damaged"
            )
        return network


_GEOMETRY_FIELDS = (
    "kind",
    "input_shape",
    "output_shape",
    "kernel",
    "stride",
    "padding",
    "pool",
    "groups",
)


def _parse(metadata: Mapping[str, str]) -> dict[str, Any]:
    if "tickless" not in metadata:
        raise NetworkError("no 'tickless' entry in the header: not a network file")
    try:
        text = json.loads(metadata["tickless"])
    except json.JSONDecodeError as error:
        raise NetworkError(f"header entry 'tickless' is not JSON: {error}") from None
    if not isinstance(text, dict):
        raise NetworkError(f"header entry 'tickless': expected an object, got {text!r}")
    if text.get("format_version") != FORMAT_VERSION:
        raise NetworkError(
            f"format_version = {text.get('format_version')!r}: this version reads {FORMAT_VERSION}"
        )
    return text


def _field(entry: Mapping[str, Any], name: str, kind: type, where: str = "") -> Any:
    label = f"{where}.{name}" if where else name
    if name not in entry:
        raise NetworkError(f"{label} is missing")
    if type(entry[name]) is not kind:
        raise NetworkError(f"{label} = {entry[name]!r}: expected {kind.__name__}")
    return entry[name]


def _integer(label: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        expected = low if low == high else f"an integer in {low}..{high}"
        raise NetworkError(f"{label} = {value!r}: expected {expected}")


def _array(label: str, array: object, dtype: type, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        got = (
            f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        )
        raise NetworkError(f"{label}: expected {np.dtype(dtype)} {shape}, got {got}")


def _range(label: str, array: np.ndarray, low: int, high: int) -> None:
    outside = np.argwhere((array < low) | (array > high))
    if len(outside):
        index = tuple(int(i) for i in outside[0])
        raise NetworkError(f"{label}{list(index)} = {array[index]}: expected {low}..{high}")
