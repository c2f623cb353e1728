"""Layers as a network file holds them: descriptions in its header, and tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from tickless.sw.integer.geometry import Geometry, GeometryError
from tickless.sw.integer.layer import Edge, Layer, NetworkError

__all__ = [
    "describe_layer",
    "layer_tensors",
    "needed_version",
    "read_layer",
    "read_object",
    "typed",
]

LAYER_FIELDS = ("name", "weight_bits", "membrane_bits", "geometry")
SHORTCUT_FIELDS = ("source", "weight_bits", "geometry")
GEOMETRY_FIELDS = tuple(item.name for item in fields(Geometry) if item.name != "dilation")
PER_AXIS = ("stride", "padding", "dilation")
"""Fields of a geometry that are one integer where both axes have the same."""


def needed_version(layer: Layer) -> int:
    """First version of the file format that holds the layer.

    Version 2 knows reset to zero, kernels, strides and paddings that differ by axis, dilation,
    and weights of more than 8 bits; version 3 initial logits.
    """
    if len(layer.initial_logits):
        return 3
    new = layer.reset != "subtract" or any(
        edge.weight_bits > 8 or _is_new(edge.geometry) for edge in layer.edges
    )
    return 2 if new else 1


def describe_layer(layer: Layer) -> dict[str, Any]:
    """Everything but the tensors; the entry ``shortcut`` only where there is one, ``reset`` where
    it is to zero, and a geometry's ``dilation`` where it is not 1."""
    first, *shortcuts = layer.edges
    text = {"name": layer.name, "membrane_bits": layer.membrane_bits, **_describe_edge(first)}
    if layer.reset != "subtract":
        text["reset"] = layer.reset
    for edge in shortcuts:
        text["shortcut"] = {"source": edge.source, **_describe_edge(edge)}
    return text


def layer_tensors(layer: Layer) -> Iterator[tuple[str, np.ndarray]]:
    """Names and arrays of a layer's tensors."""
    for part, edge in zip(("weight", "shortcut"), layer.edges, strict=False):
        yield f"{layer.name}.{part}", edge.weight
    for part in ("threshold", "floor"):
        yield f"{layer.name}.{part}", getattr(layer, part)
    if len(layer.initial_logits):
        yield f"{layer.name}.initial_logits", layer.initial_logits


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
    layer = read_object(where, entry, LAYER_FIELDS, ("shortcut", "reset"))
    geometry = _geometry(f"{where}.geometry", layer["geometry"])
    name = typed(f"{where}.name", layer["name"], str)

    def taken(part: str) -> np.ndarray:
        if f"{name}.{part}" not in tensors:
            raise NetworkError(f"{where}: tensor {name}.{part} is missing")
        return tensors.pop(f"{name}.{part}")

    weight = taken("weight")
    try:
        edges = [Edge(geometry, weight, layer["weight_bits"])]
    except NetworkError as error:
        raise NetworkError(f"layer {name!r}: {error}") from None
    if "shortcut" in layer:
        where = f"{where}.shortcut"
        text = read_object(where, layer["shortcut"], SHORTCUT_FIELDS)
        source = typed(f"{where}.source", text["source"], str)
        direct = _geometry(f"{where}.geometry", text["geometry"])
        edges.append(Edge(direct, taken("shortcut"), text["weight_bits"], source))
    return Layer(
        name,
        tuple(edges),
        taken("threshold"),
        taken("floor"),
        layer["membrane_bits"],
        layer.get("reset", "subtract"),
        tensors.pop(f"{name}.initial_logits", np.zeros(0, np.int32)),
    )


def read_object(
    label: str, value: object, names: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, Any]:
    """A JSON object with exactly these fields and perhaps the optional ones; NetworkError
    otherwise."""
    entry = typed(label, value, dict)
    if set(entry) - set(optional) != set(names):
        raise NetworkError(f"{label}: expected the fields {sorted(names)}, got {sorted(entry)}")
    return entry


def typed(label: str, value: Any, kind: type) -> Any:
    """The value, if it is of exactly this type; NetworkError otherwise."""
    if type(value) is not kind:
        raise NetworkError(f"{label} = {value!r}: expected {kind.__name__}")
    return value


def _is_new(geometry: Geometry) -> bool:
    """Whether version 1 cannot say it: there, all but the kernel of a linear layer is square."""
    height, width = geometry.kernel
    return (
        (geometry.kind == "conv2d" and height != width)
        or geometry.dilation != (1, 1)
        or any(low != high for low, high in (geometry.stride, geometry.padding))
    )


def _describe_edge(edge: Edge) -> dict[str, Any]:
    geometry = asdict(edge.geometry)
    for name in PER_AXIS:
        rows, columns = geometry[name]
        if rows == columns:
            geometry[name] = rows
    if geometry["dilation"] == 1:
        del geometry["dilation"]
    return {"weight_bits": edge.weight_bits, "geometry": geometry}


def _geometry(where: str, entry: object) -> Geometry:
    stored = read_object(where, entry, GEOMETRY_FIELDS, ("dilation",))
    values: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
    for name in PER_AXIS:
        if type(values.get(name)) is int:
            values[name] = (values[name], values[name])
    try:
        return Geometry(**values)
    except GeometryError as error:
        raise NetworkError(f"{where}: {error}") from None
