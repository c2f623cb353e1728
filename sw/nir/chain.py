"""Chain of layers that grows as neurons, and at last the output, close currents to layers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from tickless.sw.nir.biases import bias_steps
from tickless.sw.nir.currents import Current, dense
from tickless.sw.nir.edges import described, edge_of, shortcut_of
from tickless.sw.nir.layers import Choices, RealLayer
from tickless.sw.nir.neurons import NodeNeuron
from tickless.sw.nir.reading import Node

__all__ = ["Chain"]


@dataclass
class Chain:
    """Layers of a graph, each behind the one before it.

    Members
    -------
    where : str
        The graph's file, for messages.
    layers : list of RealLayer
        Those closed so far.
    """

    where: str
    layers: list[RealLayer] = field(default_factory=list)

    def close(self, node: Node, arriving: Sequence[Current], neuron: NodeNeuron) -> str:
        """Add a spiking layer; its form in words.

        Raises
        ------
        GraphError, InputError
            If what arrives is no layer behind the others.
        """
        assert neuron.threshold is not None
        gain = neuron.gain / neuron.threshold
        along, direct = self._edges(node, arriving)
        rows = gain[:, None, None, None]
        spec, weight = edge_of(along)
        layer = RealLayer(spec, weight * rows, node=node, weight_node=along.node, neuron=neuron)
        passed = ""
        if direct is not None:
            # One that is linear is a convolution over all of its input.
            form, weight = edge_of(replace(direct, linear=False))
            spec = replace(spec, shortcut=shortcut_of(direct.source, form))
            passed = f", shortcut from layer {direct.source + 1}"
            layer = replace(layer, spec=spec, shortcut=weight * rows, shortcut_node=direct.node)
        parts = [layer.weight, *([] if layer.shortcut is None else [layer.shortcut])]
        if not all(np.isfinite(part).all() for part in parts):
            raise node.refuse("weights in thresholds that are no finite numbers")
        self.layers.append(replace(layer, **_biases(arriving, gain)))
        return f"layer {len(self.layers)}: {described(spec)}{passed}"

    def close_readout(
        self,
        node: Node,
        arriving: Sequence[Current],
        integrator: NodeNeuron | None,
        choices: Choices,
    ) -> str:
        """Add the readout; its form in words.

        Parameters
        ----------
        integrator : NodeNeuron or None
            Of the neurons that it takes the place of, if any.

        Raises
        ------
        GraphError, InputError
            If what arrives is no readout of the last layer.
        """
        if len(arriving) > 1:
            raise node.refuse(
                f"receives {self._senders(arriving)}: expected no shortcut into the readout"
            )
        part, shape = arriving[0], node.shape("shape")
        if shape is not None and prod(shape) != prod(part.grid):
            raise node.refuse(f"shape = {shape}: expected {part.shape}, what reaches it")
        if part.source != len(self.layers) - 1:
            raise node.refuse(f"receives {self._senders(arriving)}: expected the last layer alone")
        counts = part.weight is None
        if counts and not self.layers:
            raise node.refuse("receives the sensor's events: expected a layer between them")
        part = dense(part)
        spec, weight = edge_of(part)
        spec = replace(spec, kind="readout")
        layer = RealLayer(
            spec, weight, weight_node=part.node, integrator=integrator, **_biases((part,), 1)
        )
        for biased in layer.biased:
            layer = replace(layer, bias_steps=bias_steps(biased, choices))
            if layer.initial is not None and not np.isfinite(layer.initial).all():
                raise biased.refuse("a bias that makes logits no finite numbers")
        self.layers.append(layer)
        what = "counts the last layer's spikes" if counts else "sums"
        return f"readout of {len(weight)}: {what}"

    def _edges(self, node: Node, arriving: Sequence[Current]) -> tuple[Current, Current | None]:
        """The edge from the layer before, and a shortcut, if any."""
        index = len(self.layers)
        along, *others = sorted(arriving, key=lambda part: -part.source)
        if along.source != index - 1 or len(others) > 1:
            raise node.refuse(
                f"receives {self._senders(arriving)}, and {self._named(index - 1)} comes before "
                "it: expected a chain of layers, with shortcuts past some of them"
            )
        if not others:
            return along, None
        (direct,) = others
        if direct.source in (-1, index - 1):
            raise node.refuse(
                f"a shortcut from {self._named(direct.source)}: expected one from a spiking layer "
                "that passes at least one layer"
            )
        for passed in range(direct.source + 1, index):
            if self.layers[passed].shortcut is not None:
                raise node.refuse(
                    f"its shortcut from {self._named(direct.source)} passes {self._named(passed)}, "
                    "which has one, too: expected none inside or across another"
                )
        return along, direct

    def _senders(self, arriving: Sequence[Current]) -> str:
        return " and ".join(self._named(part.source) for part in arriving)

    def _named(self, source: int) -> str:
        """A layer by its number and its neurons' node."""
        if source < 0:
            return "the sensor"
        node = self.layers[source].node
        assert node is not None
        return f"layer {source + 1} ({node.where.removeprefix(f'{self.where}: ')})"


def _biases(arriving: Sequence[Current], gain: np.ndarray | float) -> dict[str, Any]:
    """Members of a layer: what arrives in each time step besides spikes, and whose bias it is."""
    parts = [part for part in arriving if part.bias is not None and part.bias.any()]
    bias = sum(np.asarray(part.bias) for part in parts) * gain
    if not np.any(bias):
        return {}
    return {"bias": bias, "biased": tuple(part.node for part in parts if part.node is not None)}
