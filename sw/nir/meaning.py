"""What a graph means: node by node, the layers that it becomes in real numbers, and why.

A chain of linear nodes is a `sw.nir.currents.Current`; neurons close it to a layer of threshold 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Shape
from tickless.sw.nir.biases import with_biases
from tickless.sw.nir.chain import Chain
from tickless.sw.nir.currents import Current, scaled
from tickless.sw.nir.graph import FlatGraph
from tickless.sw.nir.layers import Choices, Meaning, Row
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
        return _Walk(graph, choices, sensor, Chain(graph.where)).run()


@dataclass
class _Walk:
    """A pass over the nodes, each behind those that send to it."""

    graph: FlatGraph
    choices: Choices
    given: Shape | None
    chain: Chain
    sensor: Shape = (1, 1, 1)
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
        layers = tuple(self.chain.layers)
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
        if self.choices.readout == "sums" and self._is_last(name):
            why = "without its threshold"
            if neuron.tau is not None:
                why += f", and event by event without its leak ({_leak(neuron)})"
            self._row(name, node, "the readout", False, why)
            self.integrator = neuron
            assert neuron.threshold is not None
            gain = neuron.gain / neuron.threshold
            return tuple(scaled(part, gain) for part in arriving)
        becomes = self.chain.close(node, arriving, neuron)
        exact, why = self._difference(neuron)
        self._row(name, node, becomes, exact, why)
        shape, grid = arriving[0].shape, arriving[0].grid
        return (Current(len(self.chain.layers) - 1, shape, grid, grid),)

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
        becomes = self.chain.close_readout(node, arriving, self.integrator, self.choices)
        self._row(name, node, becomes)
        return ()


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
