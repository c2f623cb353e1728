"""Integers that an export of ours holds beside its real numbers."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import Edge, Layer, NetworkError
from tickless.sw.integer.network import Network, Provenance
from tickless.sw.integer.specs import layer_geometries
from tickless.sw.nir.layers import Meaning, RealLayer
from tickless.sw.nir.neurons import BIAS_STEPS, MARK
from tickless.sw.nir.reading import GraphError, Node, Value

__all__ = ["stored_network"]

TOLERANCE = 0.01
"""Most that a weight may be from an integer: graphs may have passed through float32."""

RELATIVE = 1e-6
"""The same of initial logits, which may be large, as a part of them."""


def stored_network(meaning: Meaning, metadata: Mapping[str, Value]) -> Network | None:
    """Network that a graph was exported from; None if it is no such graph, or was changed.

    Raises
    ------
    GraphError
        If it says that it is one, and its metadata are damaged.
    """
    if MARK not in metadata:
        return None
    try:
        with np.errstate(all="ignore"):
            return _network(meaning, json.loads(str(metadata[MARK])))
    except _ChangedError:
        return None
    except NetworkError as error:
        raise GraphError(f"{meaning.where}: {error}") from None
    except GraphError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise GraphError(f"{meaning.where}: metadata of an export: {error!r}") from None


def _int32(node: Node, values: np.ndarray) -> np.ndarray:
    if not (np.abs(values) < 1 << 31).all():
        raise node.refuse("floor: expected numbers that fit integers of 32 bits")
    return np.rint(values).astype(np.int32)


class _ChangedError(Exception):
    """Weights that are no integers: someone trained the graph on."""


def _network(meaning: Meaning, text: dict[str, Any]) -> Network:
    layers: list[Layer] = []
    specs = [layer.spec for layer in meaning.layers]
    scale = float(text["logit_scale"])
    for real, geometry in zip(meaning.layers, layer_geometries(meaning.sensor, specs), strict=True):
        node = real.node
        if node is None:
            unit = np.array([1 / scale])
            layers.append(
                Layer(
                    text["readout"],
                    (_edge(geometry, real.weight, real.weight_node, unit),),
                    np.zeros(0, np.int32),
                    np.zeros(0, np.int32),
                    32,
                    initial_logits=_initial(real, scale),
                )
            )
            continue
        held = Node(node.where, node.kind, node.metadata, {})
        unit = np.asarray(held.integers("threshold_units", real.spec.channels, 1), float)
        edges = [_edge(geometry, real.weight, real.weight_node, unit)]
        spec = real.spec.shortcut
        if spec is not None and real.shortcut is not None:
            source = layers[spec.source]
            direct = spec.geometry(source.output_shape, geometry.output_shape)
            edges.append(_edge(direct, real.shortcut, real.shortcut_node, unit, source.name))
        layers.append(
            Layer(
                str(node.metadata["layer"]),
                tuple(edges),
                unit.astype(np.int32),
                _int32(node, held.real("floor") * unit),
                held.integers("membrane_bits", 1, 2)[0],
                node.metadata["reset"],  # pyright: ignore[reportArgumentType] (Layer checks it)
            )
        )
    return Network(tuple(layers), scale, Provenance(**text["provenance"]))


def _initial(real: RealLayer, scale: float) -> np.ndarray:
    """Logits with which samples begin; empty where the export says nothing of them."""
    node = real.weight_node
    if node is None or BIAS_STEPS not in node.metadata:
        if real.initial is not None:
            raise _ChangedError
        return np.zeros(0, np.int32)
    if real.initial is None:
        return np.zeros(len(real.weight), np.int32)
    held = Node(node.where, node.kind, node.metadata, {})
    if held.integers(BIAS_STEPS, 1, 1) != (real.bias_steps,):
        raise _ChangedError
    exact = real.initial / scale
    integers = np.rint(exact)
    near = np.abs(exact - integers) <= np.maximum(TOLERANCE, np.abs(exact) * RELATIVE)
    limits = np.iinfo(np.int32)
    if not (near & (integers >= limits.min) & (integers <= limits.max)).all():
        raise _ChangedError
    return integers.astype(np.int32)


def _edge(
    geometry: Geometry,
    real: np.ndarray,
    node: Node | None,
    unit: np.ndarray,
    source: str | None = None,
) -> Edge:
    if node is None:
        raise _ChangedError
    exact = real * np.reshape(unit, (-1, 1, 1, 1)) / geometry.pool**2
    integers = np.rint(exact)
    if not np.abs(exact - integers).max() <= TOLERANCE:
        raise _ChangedError
    bits = Node(node.where, node.kind, node.metadata, {}).integers("weight_bits", 1, 2)[0]
    most = np.iinfo(np.int8 if bits <= 8 else np.int16)
    if (integers < most.min).any() or (integers > most.max).any():
        raise _ChangedError
    return Edge(geometry, integers.astype(most.dtype), bits, source)
