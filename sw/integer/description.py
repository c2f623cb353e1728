"""Layers as a network file holds them: descriptions in its header, and tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from tickless.sw.integer.geometry import Geometry, GeometryError
from tickless.sw.integer.layer import Layer, NetworkError, Shortcut

__all__ = ["describe_layer", "layer_tensors", "read_layer", "read_object", "typed"]

LAYER_FIELDS = ("name", "weight_bits", "membrane_bits", "geometry")
SHORTCUT_FIELDS = ("source", "weight_bits", "geometry")
GEOMETRY_FIELDS = tuple(item.name for item in fields(Geometry))


def describe_layer(layer: Layer) -> dict[str, Any]:
    """Everything but the tensors; the entry ``shortcut`` only where there is one."""
    text = {name: getattr(layer, name) for name in LAYER_FIELDS}
    text["geometry"] = asdict(layer.geometry)
    if layer.shortcut:
        text["shortcut"] = {name: getattr(layer.shortcut, name) for name in SHORTCUT_FIELDS}
        text["shortcut"]["geometry"] = asdict(layer.shortcut.geometry)
    return text


def layer_tensors(layer: Layer) -> Iterator[tuple[str, np.ndarray]]:
    """Names and arrays of a layer's tensors."""
    for part in ("weight", "threshold", "floor"):
        yield f"{layer.name}.{part}", getattr(layer, part)
    if layer.shortcut:
        yield f"{layer.name}.shortcut", layer.shortcut.weight


def read_layer(where: str, entry: object, tensors: dict[str, np.ndarray]) -> Layer:
    """Layer of one description; takes its tensors out of ``tensors``.

    Parameters
    ----------
    where : str
        Place of the description in the header, for messages.
    entry : object
        The description.
    tensors : dict
        Tensors of the file that no layer has taken yet.

    Raises
    ------
    NetworkError
        If description or tensors are no layer's; the message names the field or tensor.
    """
    joined = isinstance(entry, dict) and "shortcut" in entry
    layer = read_object(where, entry, (*LAYER_FIELDS, "shortcut") if joined else LAYER_FIELDS)
    geometry = _geometry(f"{where}.geometry", layer["geometry"])
    name = typed(f"{where}.name", layer["name"], str)

    def taken(part: str) -> np.ndarray:
        if f"{name}.{part}" not in tensors:
            raise NetworkError(f"{where}: tensor {name}.{part} is missing")
        return tensors.pop(f"{name}.{part}")

    shortcut = None
    if joined:
        where = f"{where}.shortcut"
        text = read_object(where, layer["shortcut"], SHORTCUT_FIELDS)
        source = typed(f"{where}.source", text["source"], str)
        direct = _geometry(f"{where}.geometry", text["geometry"])
        shortcut = Shortcut(source, direct, taken("shortcut"), text["weight_bits"])
    return Layer(
        name,
        geometry,
        taken("weight"),
        layer["weight_bits"],
        taken("threshold"),
        taken("floor"),
        layer["membrane_bits"],
        shortcut,
    )


def read_object(label: str, value: object, names: Sequence[str]) -> dict[str, Any]:
    """A JSON object with exactly these fields; NetworkError otherwise."""
    entry = typed(label, value, dict)
    if set(entry) != set(names):
        raise NetworkError(f"{label}: expected the fields {sorted(names)}, got {sorted(entry)}")
    return entry


def typed(label: str, value: Any, kind: type) -> Any:
    """The value, if it is of exactly this type; NetworkError otherwise."""
    if type(value) is not kind:
        raise NetworkError(f"{label} = {value!r}: expected {kind.__name__}")
    return value


def _geometry(where: str, entry: object) -> Geometry:
    stored = read_object(where, entry, GEOMETRY_FIELDS)
    values: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
    try:
        return Geometry(**values)
    except GeometryError as error:
        raise NetworkError(f"{where}: {error}") from None
