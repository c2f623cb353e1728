"""What a graph means: node by node, the layers that it becomes in real numbers, and why.

A chain of linear nodes is a `sw.nir.currents.Current`; neurons close it to a layer of threshold 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Shape
from tickless.sw.nir.biases import bias_steps, with_biases
from tickless.sw.nir.currents import Current, dense, scaled
from tickless.sw.nir.edges import described, edge_of, shortcut_of
from tickless.sw.nir.graph import FlatGraph
from tickless.sw.nir.layers import Choices, Meaning, RealLayer, Row
from tickless.sw.nir.linear import LINEAR
from tickless.sw.nir.neurons import NodeNeuron, neuron_of, semantics_of
from tickless.sw.nir.reading import GraphError, Node

__all__ = ["interpret"]

Currents = tuple[Current, ...]
"""What reaches a node: the sum of these."""


def interpret(graph: FlatGraph, choices: Choices, sensor: Shape | None = None) -> Meaning:
    """Layers of a graph.

    Parameters
    ----------
    sensor : Shape, optional
        Extent of the events; needed where the graph's input has no shape. One of one dimension
        takes the sensor's elements in the contract's order.

    Raises
    ------
    GraphError
        If a node has no meaning here; the message names it, says why, and what would do.
    InputError
        If the sensor has no extent.
    """
    whole = sensor is None or all(type(length) is int and length > 0 for length in sensor)
    if not whole or len(sensor or (1, 1, 1)) != 3:
        raise InputError(f"sensor = {sensor}: expected channels, height and width")
    # Numbers that overflow are refused where they become weights.
    with np.errstate(all="ignore"):
        return _Walk(graph, choices, sensor).run()


@dataclass
class _Walk:
    """A pass over the nodes, each behind those that send to it."""

    graph: FlatGraph
    choices: Choices
    given: Shape | None
    sensor: Shape = (1, 1, 1)
    layers: list[RealLayer] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    dt: float | None = None
    integrator: NodeNeuron | None = None

    def run(self) -> Meaning:
        graph, signals = self.graph, dict[str, Currents]()
        self.semantics = semantics_of(graph, self.choices.semantics)
        for name, node in graph.nodes.items():
            arriving = tuple(part for sender in graph.senders[name] for part in signals[sender])
            shapes = sorted({part.shape for part in arriving})
            if len(shapes) > 1:
                raise node.refuse(f"its inputs have the shapes {shapes}: expected equal ones")
            try:
                signals[name] = self._pass(name, node, arriving)
            except GraphError:
                raise
            except InputError as error:
                raise node.refuse(str(error)) from None
        last = list(graph.nodes)[-1]
        if graph.nodes[last].kind != "Output":  # a graph may end without one, too
            end = Node(f"{graph.where}: node {last!r}", "Output", {}, {})
            self._output(f"{last} (output)", end, signals[last])
        for name in graph.aside:
            self.rows[name] = Row(name, "", "left out", why="nothing of it reaches the output")
        layers = tuple(self.layers)
        told = [(graph.nodes.get(name), row) for name, row in self.rows.items()]
        rows = tuple(with_biases(told, layers, self.choices))
        return Meaning(graph.where, self.sensor, layers, graph.metadata, self.dt, rows)

    def _pass(self, name: str, node: Node, arriving: Currents) -> Currents:
        """What a node sends."""
        if node.kind == "Input":
            return self._input(name, node, arriving)
        # A graph may begin without an Input.
        arriving = arriving or (self._sense(node),)
        if node.kind in LINEAR:
            results = [LINEAR[node.kind](node, part) for part in arriving]
            _, becomes, why = results[0]
            self._row(name, node, becomes, why=why)
            currents = [result for result, _, _ in results]
            if "bias" in node.values:
                # What several currents reach has its bias once.
                currents[1:] = [replace(current, bias=None) for current in currents[1:]]
            return tuple(currents)
        handlers: dict[str, Callable[[str, Node, Currents], Currents]] = {
            "Identity": lambda name, node, arriving: arriving,
            "Output": self._output,
            "IF": self._spike,
            "LIF": self._spike,
            "I": self._integrate,
            "LI": self._integrate,
        }
        if node.kind in handlers:
            return handlers[node.kind](name, node, arriving)
        raise node.refuse(_REFUSED.get(node.kind, "an unknown primitive") + _INSTEAD)

    def _row(self, name: str, node: Node, becomes: str, exact: bool = True, why: str = "") -> None:
        self.rows[name] = Row(name, node.kind, becomes, exact, why)

    def _input(self, name: str, node: Node, arriving: Currents) -> Currents:
        if arriving:
            raise node.refuse("an edge leads to it: expected none")
        sent = self._sense(node)
        order = len(sent.shape) == 1 and sent.shape[0] != sent.grid[0]
        why = f"its {sent.shape[0]} elements in the sensor's order" if order else ""
        self._row(name, node, f"sensor of {'x'.join(map(str, self.sensor))}", why=why)
        return (sent,)

    def _sense(self, node: Node) -> Current:
        """The sensor's events, in the shape that the node has."""
        shape = node.shape("shape") or node.shape("input_type") or self.given
        if shape is None:
            raise node.refuse("no shape: give the sensor's, by --dataset (in Python, sensor=)")
        while len(shape) > 3 and shape[0] == 1:
            shape = shape[1:]
        if len(shape) > 3:
            raise node.refuse(f"shape = {shape}: expected at most channels, height and width")
        channels, height, width = (*shape, 1, 1)[:3]
        # One of two dimensions has channels and a width.
        self.sensor = (channels, height, width) if len(shape) != 2 else (channels, 1, shape[1])
        if self.given is not None:
            if prod(self.given) != prod(shape) or (len(shape) == 3 and shape != self.given):
                raise node.refuse(f"shape = {shape}: expected the sensor's, {self.given}")
            self.sensor = self.given
        return Current(-1, shape, self.sensor, self.sensor)

    def _spike(self, name: str, node: Node, arriving: Currents) -> Currents:
        """A spiking layer; or, where sums are wanted and it is the last one, the readout."""
        neuron = self._neuron(name, node, arriving[0])
        assert neuron.threshold is not None
        gain = neuron.gain / neuron.threshold
        if self.choices.readout == "sums" and self._is_last(name):
            why = "without its threshold"
            if neuron.tau is not None:
                why += f", and event by event without its leak ({_leak(neuron)})"
            self._row(name, node, "the readout", False, why)
            self.integrator = neuron
            return tuple(scaled(part, gain) for part in arriving)
        index = len(self.layers)
        chain, direct = self._edges(node, arriving, index)
        rows = gain[:, None, None, None]
        spec, weight = edge_of(chain)
        layer = RealLayer(spec, weight * rows, node=node, weight_node=chain.node, neuron=neuron)
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
        exact, why = self._difference(neuron)
        self._row(name, node, f"layer {index + 1}: {described(spec)}{passed}", exact, why)
        shape, grid = arriving[0].shape, arriving[0].grid
        return (Current(index, shape, grid, grid),)

    def _difference(self, neuron: NodeNeuron) -> tuple[bool, str]:
        """Whether a layer's neurons do what the graph's do, event by event, and what they do."""
        zero = neuron.semantics.reset == "zero"
        exact, parts = True, ["resets to zero" if zero else "subtracts its threshold"]
        if neuron.tau is None and not np.allclose(neuron.gain, 1):
            parts.append(f"of a weight {neuron.gain.min():g} arrives (r * dt)")
        if neuron.tau is not None:
            parts.append(f"leak left out ({_leak(neuron)}): fine-tune it")
            exact = False
        if neuron.semantics.strict and not zero:
            parts.append("fires at its threshold, too: ties differ")
            exact = False
        return exact, "; ".join(parts)

    def _neuron(self, name: str, node: Node, current: Current) -> NodeNeuron:
        channels, how = current.grid[0], self.semantics[name]
        neuron = neuron_of(node, current.shape, channels, how, self.choices.dt)
        if self.dt not in (None, neuron.dt):
            raise node.refuse(
                f"dt = {neuron.dt:g} s, {self.dt:g} s before: give --dt (in Python, dt=)"
            )
        self.dt = neuron.dt
        if neuron.tau is not None and neuron.v_leak is not None:
            if neuron.v_leak.any() and not self.choices.drop_bias:
                raise node.refuse(
                    f"v_leak = {neuron.v_leak[0]:g} drives it without events: expected 0; leave it "
                    "out with --drop-bias (in Python, drop_bias=True), and fine-tune"
                )
            if not self.choices.drop_leak:
                raise node.refuse(
                    f"leaks with tau = {neuron.tau.min():g} s: events have an order and no time; "
                    "leave the leak out with --drop-leak (in Python, drop_leak=True), and fine-tune"
                )
        return neuron

    def _edges(self, node: Node, arriving: Currents, index: int) -> tuple[Current, Current | None]:
        """The edge from the layer before, and a shortcut, if any."""
        chain, *others = sorted(arriving, key=lambda part: -part.source)
        if chain.source != index - 1 or len(others) > 1:
            raise node.refuse(
                f"receives {self._senders(arriving)}, and {self._named(index - 1)} comes before "
                "it: expected a chain of layers, with shortcuts past some of them"
            )
        if not others:
            return chain, None
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
        return chain, direct

    def _integrate(self, name: str, node: Node, arriving: Currents) -> Currents:
        """Integrators at the output: the readout itself."""
        if not self._is_last(name):
            raise node.refuse("integrators that do not spike: expected them at the output alone")
        neuron = self._neuron(name, node, arriving[0])
        why = ""
        if neuron.tau is not None:
            why = f"leak left out event by event ({_leak(neuron)})"
        self._row(name, node, "the readout", neuron.tau is None, why)
        self.integrator = neuron
        return tuple(scaled(part, neuron.gain) for part in arriving)

    def _is_last(self, name: str) -> bool:
        """Whether nothing but the output lies behind a node."""
        behind = [other for other, senders in self.graph.senders.items() if name in senders]
        kinds = {self.graph.nodes[other].kind for other in behind}
        if kinds <= {"Identity", "Flatten"}:
            return all(map(self._is_last, behind))
        return kinds == {"Output"}

    def _output(self, name: str, node: Node, arriving: Currents) -> Currents:
        """The readout."""
        if len(arriving) > 1:
            raise node.refuse(
                f"receives {self._senders(arriving)}: expected no shortcut into the readout"
            )
        part, shape = next(iter(arriving)), node.shape("shape")
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
            spec, weight, weight_node=part.node, integrator=self.integrator, **_biases((part,), 1)
        )
        for biased in layer.biased:
            layer = replace(layer, bias_steps=bias_steps(biased, self.choices))
            if layer.initial is not None and not np.isfinite(layer.initial).all():
                raise biased.refuse("a bias that makes logits no finite numbers")
        self.layers.append(layer)
        what = "counts the last layer's spikes" if counts else "sums"
        self._row(name, node, f"readout of {len(weight)}: {what}")
        return ()

    def _senders(self, arriving: Currents) -> str:
        return " and ".join(self._named(part.source) for part in arriving)

    def _named(self, source: int) -> str:
        """A layer by its number and its neurons' node."""
        if source < 0:
            return "the sensor"
        node = self.layers[source].node
        assert node is not None
        return f"layer {source + 1} ({node.where.removeprefix(f'{self.graph.where}: ')})"


def _biases(arriving: Currents, gain: np.ndarray | float) -> dict[str, Any]:
    """Members of a layer: what arrives in each time step besides spikes, and whose bias it is."""
    parts = [part for part in arriving if part.bias is not None and part.bias.any()]
    bias = sum(np.asarray(part.bias) for part in parts) * gain
    if not np.any(bias):
        return {}
    return {"bias": bias, "biased": tuple(part.node for part in parts if part.node is not None)}


def _leak(neuron: NodeNeuron) -> str:
    assert neuron.tau is not None
    return f"tau = {neuron.tau.min():g} s, dt = {neuron.dt:g} s"


_REFUSED = {
    "CubaLIF": "synapses with a time constant, and a leak",
    "CubaLI": "synapses with a time constant, and a leak",
    "Delay": "a delay: events have an order and no time",
    "Threshold": "a threshold without a membrane",
    "MaxPool2d": "the largest of several spikes: use average pooling",
}

_INSTEAD = "; expected IF neurons behind Conv1d, Conv2d, Linear, Affine, pooling, Flatten or Scale"
