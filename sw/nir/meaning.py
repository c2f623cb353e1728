"""What a graph means: the layers that its nodes become, in real numbers, and why.

A chain of linear nodes is a `sw.nir.currents.Current`; neurons close it to a layer of threshold 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Literal

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Shape
from tickless.sw.integer.specs import LayerSpec, ShortcutSpec
from tickless.sw.nir.currents import (
    Current,
    convolved,
    dense,
    flattened,
    multiplied,
    pooled,
    scaled,
)
from tickless.sw.nir.edges import edge_of
from tickless.sw.nir.graph import FlatGraph
from tickless.sw.nir.neurons import SPIKING, NodeNeuron, check_dt, neuron_of, semantics_of
from tickless.sw.nir.reading import GraphError, Node
from tickless.sw.nir.semantics import Semantics

__all__ = ["Choices", "Meaning", "RealLayer", "Row", "interpret"]


@dataclass(frozen=True)
class Choices:
    """What a graph leaves open.

    Parameters
    ----------
    semantics : str, optional
        Framework, see `sw.nir.semantics`; needed where the file does not tell how neurons reset.
    dt : float, optional
        Time step in seconds.
    readout : str
        What the classes of a graph that ends in neurons are: the counts of their ``"spikes"``, or
        the ``"sums"`` of what they receive.
    drop_bias, drop_leak : bool
        Whether biases, and leaks, are left out rather than refused.
    """

    semantics: str | None = None
    dt: float | None = None
    readout: Literal["spikes", "sums"] = "spikes"
    drop_bias: bool = False
    drop_leak: bool = False


@dataclass(frozen=True)
class Row:
    """What one node became: exactly, or with what difference."""

    node: str
    kind: str
    becomes: str
    exact: bool = True
    why: str = ""


@dataclass(frozen=True, eq=False)
class RealLayer:
    """Layer of threshold 1.

    Members
    -------
    spec : LayerSpec
        Its form.
    weight, shortcut : numpy.ndarray
        In thresholds, for average pooling; ``shortcut`` is None without one.
    node, weights : Node or None
        Neurons, and the weights in front of them, that it was made of.
    neuron : NodeNeuron or None
        What the node says.
    bias : numpy.ndarray or None
        What was left out, a time step, in thresholds: ``[channels]``.
    """

    spec: LayerSpec
    weight: np.ndarray
    shortcut: np.ndarray | None
    node: Node | None
    weights: Node | None
    neuron: NodeNeuron | None
    bias: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Meaning:
    """Layers of a graph, the last one its readout, and how they came about."""

    where: str
    sensor: Shape
    layers: tuple[RealLayer, ...]
    semantics: Semantics
    dt: float | None
    rows: tuple[Row, ...]


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
        If a choice is none.
    """
    check_dt(choices.dt)
    if choices.readout not in ("spikes", "sums"):
        raise InputError(f"readout = {choices.readout!r}: expected 'spikes' or 'sums'")
    return _Walk(graph, choices, sensor).run()


@dataclass
class _Walk:
    graph: FlatGraph
    choices: Choices
    given: Shape | None
    layers: list[RealLayer] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    dt: float | None = None

    def run(self) -> Meaning:
        graph = self.graph
        self.semantics = semantics_of(graph.nodes.values(), self.choices.semantics)
        signals: dict[str, tuple[Current, ...]] = {}
        weights: dict[str, Node] = {}
        for name, node in graph.nodes.items():
            senders = graph.senders[name]
            arriving = tuple(part for sender in senders for part in signals[sender])
            shapes = sorted({part.shape for part in arriving})
            if len(shapes) > 1:
                raise node.refuse(f"its inputs have the shapes {shapes}: expected equal ones")
            before = next((weights[sender] for sender in senders if sender in weights), None)
            if node.kind in ("Conv1d", "Conv2d", "Linear", "Affine"):
                before = node
            if before is not None and node.kind not in SPIKING:
                weights[name] = before
            try:
                signals[name] = self._pass(name, node, arriving, before)
            except GraphError:
                raise
            except InputError as error:
                raise node.refuse(str(error)) from None
        for name in graph.aside:
            self.rows[name] = Row(name, "", "left out", True, "nothing of it reaches the output")
        self._check_biases()
        return Meaning(
            graph.where, self.sensor, tuple(self.layers), self.semantics, self.dt,
            tuple(self.rows.values()),
        )  # fmt: skip

    def _pass(
        self, name: str, node: Node, arriving: tuple[Current, ...], weights: Node | None
    ) -> tuple[Current, ...]:
        """What a node sends."""
        handle: dict[str, Callable[..., tuple[Current, ...]]] = {
            "Input": self._input,
            "Output": self._output,
            "Identity": lambda name, node, arriving, weights: arriving,
            "IF": self._spike,
            "LIF": self._spike,
            "I": self._integrate,
            "LI": self._integrate,
        }
        if not arriving and node.kind != "Input":
            arriving = self._sense(name, node)
        if node.kind in handle:
            return handle[node.kind](name, node, arriving, weights)
        if node.kind in _LINEAR:
            becomes, why, results = "", "", []
            for part in arriving:
                result, becomes, why = _LINEAR[node.kind](node, part)
                results.append(result)
            self._row(name, node, becomes, why=why)
            return tuple(results)
        raise node.refuse(_REFUSED.get(node.kind, "an unknown primitive") + _INSTEAD)

    def _row(self, name: str, node: Node, becomes: str, exact: bool = True, why: str = "") -> None:
        self.rows[name] = Row(name, node.kind, becomes, exact, why)

    def _input(
        self, name: str, node: Node, arriving: tuple[Current, ...], weights: Node | None
    ) -> tuple[Current, ...]:
        if arriving:
            raise node.refuse("an edge leads to it: expected none")
        (sent,) = self._sense(name, node)
        why = "" if sent.shape == sent.grid else f"{sent.shape} in the sensor's order"
        self._row(name, node, f"sensor of {_times(self.sensor)}", why=why)
        return (sent,)

    def _sense(self, name: str, node: Node) -> tuple[Current, ...]:
        """The sensor's events, in the shape that the node has."""
        shape = next(
            (found for key in ("shape", "input_type") if (found := node.shape(key))), None
        )
        if shape is None and self.given is None:
            raise node.refuse("no shape: give the sensor's, by --dataset (in Python, sensor=)")
        shape = shape or self.given
        assert shape is not None
        while len(shape) > 3 and shape[0] == 1:
            shape = shape[1:]
        if len(shape) > 3:
            raise node.refuse(f"shape = {shape}: expected at most channels, height and width")
        channels, *size = shape
        self.sensor = (channels, *([1] * (2 - len(size))), *size)
        if self.given is not None:
            if prod(self.given) != prod(shape) or (len(shape) == 3 and shape != self.given):
                raise node.refuse(f"shape = {shape}: expected the sensor's, {self.given}")
            self.sensor = self.given
        return (Current(-1, shape, self.sensor),)

    def _spike(
        self, name: str, node: Node, arriving: tuple[Current, ...], weights: Node | None
    ) -> tuple[Current, ...]:
        """A spiking layer."""
        shape, grid = arriving[0].shape, arriving[0].grid
        neuron = self._neuron(node, arriving[0])
        assert neuron.threshold is not None
        index = len(self.layers)
        chain, direct = self._edges(node, arriving, index)
        gain = (neuron.gain / neuron.threshold).reshape(-1, 1, 1, 1)
        options, weight = edge_of(chain)
        shortcut = None
        if direct is not None:
            options = replace(options, shortcut=_shortcut(direct))
            shortcut = edge_of(replace(direct, linear=False))[1] * gain
        self.layers.append(
            RealLayer(
                options, weight * gain, shortcut, node, weights, neuron, _bias(arriving, gain)
            )
        )
        why, exact = self._difference(node, neuron)
        passed = "" if direct is None else f", with a shortcut from layer {direct.source + 1}"
        self._row(name, node, f"layer {index + 1}: {_described(options)}{passed}", exact, why)
        return (Current(index, shape, grid),)

    def _difference(self, node: Node, neuron: NodeNeuron) -> tuple[str, bool]:
        """What differs from the graph's neurons, and whether anything does."""
        semantics = self.semantics
        parts = [f"resets to zero" if semantics.reset == "zero" else "subtracts its threshold"]
        exact = True
        if neuron.tau is not None:
            parts.append(
                f"leak left out: tau = {neuron.tau.min():g} s, dt = {neuron.dt:g} s; fine-tune it"
            )
            exact = False
        if semantics.strict and semantics.reset == "subtract":
            parts.append("fires at its threshold, too: ties differ")
            exact = False
        return "; ".join(parts), exact

    def _neuron(self, node: Node, current: Current) -> NodeNeuron:
        grid = current.grid
        neuron = neuron_of(node, current.shape, grid[0], self.semantics, self.choices.dt)
        if self.dt not in (None, neuron.dt):
            raise node.refuse(
                f"dt = {neuron.dt:g} s, {self.dt:g} s before: give --dt (in Python, dt=)"
            )
        self.dt = neuron.dt
        if neuron.tau is not None:
            if neuron.v_leak is not None and neuron.v_leak.any() and not self.choices.drop_bias:
                raise node.refuse(
                    f"v_leak = {neuron.v_leak[0]:g} drives it without events: expected 0; leave it "
                    "out with --drop-bias, and fine-tune"
                )
            if not self.choices.drop_leak:
                raise node.refuse(
                    f"leaks with tau = {neuron.tau.min():g} s: events have an order and no time; "
                    "leave the leak out with --drop-leak (in Python, drop_leak=True), and fine-tune"
                )
        return neuron

    def _edges(
        self, node: Node, arriving: tuple[Current, ...], index: int
    ) -> tuple[Current, Current | None]:
        """The edge from the layer before, and a shortcut, if any."""
        chain, *others = sorted(arriving, key=lambda part: -part.source)
        sources = [_layer_name(part.source) for part in arriving]
        if chain.source != index - 1 or len(others) > 1:
            raise node.refuse(
                f"receives {_and(sources)}, and layer {index} comes before it: expected a chain of "
                "layers, with shortcuts past some of them, none inside another"
            )
        if not others:
            return chain, None
        (direct,) = others
        if direct.source in (-1, index - 1):
            raise node.refuse(
                f"a shortcut from {_layer_name(direct.source)}: expected one from a spiking layer "
                "that passes at least one layer"
            )
        for other in range(direct.source + 1, index):
            shortcut = self.layers[other].spec.shortcut
            if shortcut is not None and other > direct.source:
                raise node.refuse(
                    f"its shortcut from layer {direct.source + 1} passes layer {other + 1}, which "
                    "has one, too: expected none inside another"
                )
        return chain, direct

    def _integrate(
        self, name: str, node: Node, arriving: tuple[Current, ...], weights: Node | None
    ) -> tuple[Current, ...]:
        """Integrators at the output: the readout itself."""
        followers = [other for other, senders in self.graph.senders.items() if name in senders]
        while len(followers) == 1 and self.graph.nodes[followers[0]].kind in ("Identity", "Flatten"):
            followers = [o for o, senders in self.graph.senders.items() if followers[0] in senders]
        if [self.graph.nodes[other].kind for other in followers] not in ([], ["Output"]):
            raise node.refuse("integrators that do not spike: expected them at the output alone")
        neuron = self._neuron(node, arriving[0])
        why = "" if neuron.tau is None else f"leak left out: tau = {neuron.tau.min():g} s"
        self._row(name, node, "the readout", neuron.tau is None, why)
        return tuple(scaled(_weighted(part), neuron.gain) for part in arriving)

    def _output(
        self, name: str, node: Node, arriving: tuple[Current, ...], weights: Node | None
    ) -> tuple[Current, ...]:
        """The readout."""
        if len(arriving) > 1:
            raise node.refuse(
                f"receives {_and([_layer_name(part.source) for part in arriving])}: "
                "expected no shortcut into the readout"
            )
        (part,) = arriving
        shape = node.shape("shape")
        if shape is not None and prod(shape) != prod(part.grid):
            raise node.refuse(f"shape = {shape}: expected {part.shape}, what reaches it")
        last, bare = (self.layers[-1] if self.layers else None), part.weight is None
        if bare and self.choices.readout == "sums" and last is not None and part.pool == (1, 1):
            self._sum_up(name, node, last)
            return ()
        if part.source == -1 and bare:
            raise node.refuse("receives the sensor's events: expected a layer between")
        part = dense(part)
        assert part.weight is not None
        spec, weight = edge_of(part)
        readout = replace(spec, kind="readout", kernel=0)
        bias = part.bias if part.bias is not None and part.bias.any() else None
        self.layers.append(
            RealLayer(readout, weight, None, None, None if bare else weights, None, bias)
        )
        counts = "counts the spikes of the last layer" if bare else "sums of its weights"
        self._row(name, node, f"readout of {len(weight)}: {counts}")
        return ()

    def _sum_up(self, name: str, node: Node, last: RealLayer) -> None:
        """The last layer becomes the readout, without its threshold."""
        index = len(self.layers) - 1
        if last.shortcut is not None:
            raise node.refuse("the last neurons receive a shortcut: expected none into the readout")
        if last.spec.kind != "linear":
            raise node.refuse("the last neurons are no linear layer's: choose spikes as the readout")
        spec = replace(last.spec, kind="readout")
        self.layers[-1] = replace(last, spec=spec, neuron=None, node=None)
        owner = next(key for key, row in self.rows.items() if f"layer {index + 1}:" in row.becomes)
        row = self.rows[owner]
        why = "without its threshold"
        self.rows[owner] = replace(row, becomes="the readout", exact=False, why=why)
        self._row(name, node, f"readout of {last.spec.channels}: sums of its weights")

    def _check_biases(self) -> None:
        biased = [layer for layer in self.layers if layer.bias is not None]
        if not biased:
            return
        if self.choices.drop_bias:
            for layer in biased:
                for name, row in self.rows.items():
                    if layer.weights is self.graph.nodes.get(name):
                        self.rows[name] = replace(row, exact=False, why="bias left out; fine-tune it")
            return
        layer = biased[0]
        node = layer.weights or layer.node
        assert node is not None and layer.bias is not None
        ways = "leave it out with --drop-bias (in Python, drop_bias=True), and fine-tune"
        if layer is self.layers[-1] and len(biased) == 1:
            ways += (
                "; only the readout has one, so that its logits of T time steps are exact with T "
                "times the bias added to them"
            )
        raise node.refuse(f"bias of up to {np.abs(layer.bias).max():g}: expected zero; {ways}")


def _weighted(part: Current) -> Current:
    return part if part.weight is not None else dense(part)


def _shortcut(direct: Current) -> ShortcutSpec:
    if direct.linear and direct.taken[1:] != (1, 1):
        raise InputError("a linear shortcut from more than one position")
    spec, _ = edge_of(replace(direct, linear=False))
    return ShortcutSpec(
        direct.source, spec.kernel, spec.stride, spec.padding, spec.pool, spec.groups
    )


def _bias(arriving: tuple[Current, ...], gain: np.ndarray) -> np.ndarray | None:
    biases = [part.bias for part in arriving if part.bias is not None and part.bias.any()]
    return sum(biases) * gain.ravel() if biases else None


def _conv2d(node: Node, part: Current) -> tuple[Current, str, str]:
    return _convolution(node, part, 2)


def _conv1d(node: Node, part: Current) -> tuple[Current, str, str]:
    return _convolution(node, part, 1)


def _convolution(node: Node, part: Current, axes: int) -> tuple[Current, str, str]:
    weight = node.real("weight")
    if weight.ndim != 2 + axes or not weight.size or not np.isfinite(weight).all():
        raise node.refuse(f"weight of shape {weight.shape}: expected {2 + axes} axes, finite")
    size = node.shape("input_shape")
    if size is not None and size[-axes:] != part.shape[-axes:]:
        raise node.refuse(f"input_shape = {size}: expected {part.shape[-axes:]}, what reaches it")
    one = axes == 1

    def pair(name: str, low: int) -> tuple[int, int]:
        values = node.integers(name, axes, low)
        return (0 if name == "padding" else 1, *values) if one else (values[0], values[1])

    padding = node.values.get("padding")
    groups = node.integers("groups", 1, 1)[0] if "groups" in node.values else 1
    result = convolved(
        part,
        weight[:, :, None] if one else weight,
        pair("stride", 1),
        padding if isinstance(padding, str) else pair("padding", 0),
        pair("dilation", 1) if "dilation" in node.values else (1, 1),
        groups,
    )
    why = "with zeros between its weights" if result.weight.shape[2:] != weight.shape[2:] else ""
    return _biased(node, result), "weights", why if not one else "a convolution of height 1"


def _matrix(node: Node, part: Current) -> tuple[Current, str, str]:
    weight = node.real("weight")
    if weight.ndim != 2 or not weight.size or not np.isfinite(weight).all():
        raise node.refuse(f"weight of shape {weight.shape}: expected 2 axes, finite")
    why = "" if len(part.shape) == 1 else f"its input {part.shape} is taken as one dimension"
    return _biased(node, multiplied(part, weight)), "weights", why


def _biased(node: Node, part: Current) -> Current:
    if "bias" not in node.values:
        return part
    bias = node.real("bias").ravel()
    if bias.size not in (1, part.grid[0]) or not np.isfinite(bias).all():
        raise node.refuse(f"bias of {bias.size} numbers: expected {part.grid[0]}, finite")
    return replace(part, bias=np.broadcast_to(bias, part.grid[0]).astype(float))


def _pool(node: Node, part: Current) -> tuple[Current, str, str]:
    kernel, stride = node.integers("kernel_size", 2, 1), node.integers("stride", 2, 1)
    if kernel != stride or any(node.integers("padding", 2, 0)):
        raise node.refuse(
            f"kernel_size = {kernel}, stride = {stride}, padding = {node.integers('padding', 2, 0)}"
            ": expected windows side by side, stride = kernel_size and padding = 0"
        )
    average = node.kind == "AvgPool2d"
    result = pooled(part, (kernel[0], kernel[1]), average)
    size = kernel[0] if kernel[0] == kernel[1] else _times(kernel)
    why = "" if average else f"a sum: {prod(kernel)} times the average"
    return result, f"pooling by {size}", why


def _flatten(node: Node, part: Current) -> tuple[Current, str, str]:
    start = node.integers("start_dim", 1, -9)[0] if "start_dim" in node.values else 1
    end = node.integers("end_dim", 1, -9)[0] if "end_dim" in node.values else -1
    # With the batch that some files have in front.
    if start not in (0, 1) or end not in (-1, len(part.shape) - 1, len(part.shape)):
        raise node.refuse(f"start_dim = {start}, end_dim = {end}: expected all but the batch")
    return flattened(part), "the contract's order", ""


def _scale(node: Node, part: Current) -> tuple[Current, str, str]:
    scale = node.real("scale")
    if not np.isfinite(scale).all():
        raise node.refuse("scale: expected finite numbers")
    while scale.ndim > len(part.shape) and scale.shape[0] == 1:
        scale = scale[0]
    return scaled(part, scale), "a factor of weights", ""


_LINEAR: dict[str, Callable[[Node, Current], tuple[Current, str, str]]] = {
    "Conv2d": _conv2d,
    "Conv1d": _conv1d,
    "Linear": _matrix,
    "Affine": _matrix,
    "AvgPool2d": _pool,
    "SumPool2d": _pool,
    "Flatten": _flatten,
    "Scale": _scale,
}
"""Linear primitives."""

_REFUSED = {
    "CubaLIF": "synapses with a time constant, and a leak",
    "CubaLI": "synapses with a time constant, and a leak",
    "Delay": "a delay: events have an order and no time",
    "Threshold": "a threshold without a membrane",
    "MaxPool2d": "the largest of several spikes: use average pooling",
}

_INSTEAD = "; expected IF neurons behind Conv1d, Conv2d, Linear, Affine, pooling, Flatten or Scale"


def _described(spec: LayerSpec) -> str:
    text = f"{spec.kind} of {spec.channels}"
    if spec.kind == "conv2d":
        text += f", kernel {spec.kernel}, stride {spec.stride}, padding {spec.padding}"
    return text + (f", pooling {spec.pool}" if spec.pool != 1 else "")


def _layer_name(source: int) -> str:
    return "the sensor" if source < 0 else f"layer {source + 1}"


def _and(parts: list[str]) -> str:
    return " and ".join(parts)


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
