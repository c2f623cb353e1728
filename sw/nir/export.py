"""Networks as NIR graphs: real units, and in the metadata what NIR cannot say.

Metadata of neurons hold their layer's name, integer thresholds, floors and ceilings in thresholds,
width and reset; those of weights their width and kind of layer, and of a readout with a bias the
time steps in which it counts; the graph's, under `sw.nir.neurons.MARK`, what else is in a network's
file, as JSON.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nir
import numpy as np

from tickless.errors import InputError
from tickless.sw.atomic_write import atomic_write
from tickless.sw.integer.geometry import Geometry, output_size
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec, layer_geometries
from tickless.sw.nir.linear import KIND
from tickless.sw.nir.neurons import BIAS_STEPS, MARK

__all__ = ["export", "to_nir"]


def export(network: Network, path: Path | str) -> None:
    """Write the NIR graph of a network, whole or not at all; errors as of `to_nir`."""
    graph = to_nir(network)
    with atomic_write(Path(path)) as unfinished:
        nir.write(unfinished, graph)


def to_nir(network: Network) -> nir.NIRGraph:
    """NIR graph of a network, of which `sw.nir.importing` makes the same integers again.

    Weights are in thresholds, those of the readout in the logits' units; neurons are IF of
    threshold 1 and ``r`` 1, one of each layer's whole extent.

    Raises
    ------
    InputError
        If a layer has not the extent that those behind it read: no graph can say so.
    """
    _check_extents(network)
    return _Writer(network).graph()


class _Writer:
    """Nodes and edges so far, and what sends to each layer: its name and shape."""

    def __init__(self, network: Network):
        self.network = network
        self.nodes: dict[str, nir.NIRNode] = {
            "input": nir.Input({"input": np.array(network.input_shape)})
        }
        self.edges: list[tuple[str, str]] = []
        self.sent: list[tuple[str, tuple[int, ...]]] = [("input", network.input_shape)]

    def graph(self) -> nir.NIRGraph:
        network = self.network
        for index, layer in enumerate(network.layers):
            target = "output" if layer.is_readout else f"{index}_neurons"
            name, shape = self._weights(index, 0)
            for number in range(1, len(layer.edges)):
                passed, _ = self._weights(index, number)
                self.edges.append((passed, target))
            node = (
                nir.Output({"output": np.array(shape)})
                if layer.is_readout
                else _neurons(layer, shape)
            )
            self.sent.append((self._add(name, target, node), shape))
        text = {
            "logit_scale": network.logit_scale,
            "provenance": asdict(network.provenance),
            "readout": network.layers[-1].name,
        }
        metadata = {MARK: json.dumps(text, sort_keys=True)}
        return nir.NIRGraph(self.nodes, self.edges, metadata, type_check=False)

    def _add(self, source: str, name: str, node: nir.NIRNode) -> str:
        self.nodes[name] = node
        self.edges.append((source, name))
        return name

    def _weights(self, index: int, number: int) -> tuple[str, tuple[int, ...]]:
        """Add pooling and weights of an edge into a layer; name and shape of what they send."""
        layer = self.network.layers[index]
        edge, geometry = layer.edges[number], layer.edges[number].geometry
        part = f"{index}_shortcut" if number else f"{index}"
        name, shape = self.sent[self.network.senders(index)[number] + 1]
        pool = geometry.pool
        if pool > 1:
            window = np.array([pool, pool])
            name = self._add(name, f"{part}_pool", nir.AvgPool2d(window, window, np.zeros(2, int)))
            shape = (shape[0], *(length // pool for length in shape[1:]))
        unit = layer.threshold if not layer.is_readout else 1 / self.network.logit_scale
        bias = np.zeros(layer.output_shape[0])
        metadata: dict[str, Any] = {"weight_bits": edge.weight_bits, KIND: geometry.kind}
        if layer.is_readout and len(layer.initial_logits):
            # Event by event they count once, as a bias does in one time step.
            bias = layer.initial_logits * self.network.logit_scale
            metadata[BIAS_STEPS] = 1
        real = edge.weight.astype(float) * pool**2 / np.reshape(unit, (-1, 1, 1, 1))
        if geometry.kind == "conv2d" or self._stays_deep(index):
            node, sent = _convolution(geometry, shape, real, bias, metadata)
        else:
            if len(shape) > 1:
                flatten = nir.Flatten({"input": np.array(shape)}, 0, -1)
                name = self._add(name, f"{part}_flatten", flatten)
            matrix, sent = real.reshape(len(real), -1), (len(real),)
            node = nir.Linear(matrix, metadata=metadata)
            if BIAS_STEPS in metadata:
                node = nir.Affine(matrix, bias, metadata=metadata)
        return self._add(name, f"{part}_weights", node), sent

    def _stays_deep(self, index: int) -> bool:
        """Whether a linear layer keeps three dimensions, for a convolution at it or behind it."""
        behind = self.network.layers[index:]
        return any(layer.kind == "conv2d" or len(layer.edges) > 1 for layer in behind)


def _convolution(
    geometry: Geometry,
    shape: tuple[int, ...],
    weight: np.ndarray,
    bias: np.ndarray,
    metadata: dict[str, Any],
) -> tuple[nir.NIRNode, tuple[int, ...]]:
    """Convolution of an input of three dimensions, and the shape that it sends."""
    size = shape[1:]
    parts = (geometry.kernel, geometry.stride, geometry.padding, geometry.dilation)
    node = nir.Conv2d(
        (size[0], size[1]),
        weight,
        geometry.stride,
        geometry.padding,
        geometry.dilation,
        geometry.groups,
        bias,
        metadata=metadata,
    )
    return node, (len(weight), *map(output_size, size, *parts))


def _neurons(layer: Layer, shape: tuple[int, ...]) -> nir.IF:
    metadata = {
        "layer": layer.name,
        "threshold_units": layer.threshold,
        "floor": layer.floor / layer.threshold,
        "ceiling": layer.ceil / layer.threshold,
        "membrane_bits": layer.membrane_bits,
        "reset": layer.reset,
        "spikes_per_event": 1,
    }
    return nir.IF(np.ones(shape), np.ones(shape), np.zeros(shape), metadata=metadata)


def _check_extents(network: Network) -> None:
    specs = []
    for index, layer in enumerate(network.layers):
        chain, *others = (_form(edge) for edge in layer.edges)
        for sender, form in zip(network.senders(index)[1:], others, strict=True):
            chain |= {"shortcut": ShortcutSpec(sender, **form)}
        if layer.kind != "conv2d":
            chain = {"pool": chain["pool"]}
        specs.append(LayerSpec(layer.edges[0].geometry.kind, layer.output_shape[0], **chain))
    for layer, geometry in zip(
        network.layers, layer_geometries(network.input_shape, specs), strict=True
    ):
        if geometry != layer.edges[0].geometry:
            raise InputError(
                f"layer {layer.name!r}: extent {layer.output_shape}: expected "
                f"{geometry.output_shape}, what the layers behind it read"
            )


def _form(edge: Edge) -> dict[str, Any]:
    names = ("kernel", "stride", "padding", "pool", "groups", "dilation")
    return {name: getattr(edge.geometry, name) for name in names}
