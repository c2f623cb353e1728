"""PyTorch modules as graphs: chains of layers, with neurons of ours or of a framework.

Modules of frameworks are known by their classes' names: none of them is imported. Their neurons are
in `sw.nir.module_neurons`.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from tickless.sw.integer.geometry import Shape
from tickless.sw.nir.module_neurons import NEURONS, array_of
from tickless.sw.nir.reading import Graph, GraphError, Node, Value
from tickless.sw.nir.semantics import Semantics

__all__ = ["Chain", "chain_of"]

SAME = ("Dropout", "Dropout2d", "Identity")
"""Modules that do nothing once they are trained."""


@dataclass(frozen=True)
class Chain:
    """Modules as a graph.

    Members
    -------
    graph : Graph
        Nodes by the modules' names.
    semantics : mapping of str to Semantics
        How each module of neurons fires and resets, and its floor, if it has one.
    """

    graph: Graph
    semantics: Mapping[str, Semantics]


def chain_of(modules: Iterable[Any], sensor: Shape, drop_bias: bool = False) -> Chain:
    """Graph of a chain of modules.

    Parameters
    ----------
    modules : iterable
        An ``nn.Sequential``, in which there may be others, or a list of modules.
    sensor : Shape
        Extent of the events.
    drop_bias : bool
        Whether the shifts of batch norms are left out rather than refused.

    Raises
    ------
    GraphError
        If a module is unknown or set to what no layer does, and the message names it; or if they
        are in no order.
    """
    if not isinstance(modules, Iterable):
        raise GraphError(
            f"{type(modules).__name__}: expected an nn.Sequential or a list of modules, in the "
            "order of their calls; for others, take their framework's export to NIR"
        )
    nodes = {"input": Node("module 'input'", "Input", {"shape": np.array(sensor)}, {})}
    semantics: dict[str, Semantics] = {}
    shift: GraphError | None = None
    for name, module in _flat(modules, ""):
        blank = Node(f"module {name!r}", type(module).__name__, {}, {})
        if blank.kind in SAME:
            continue
        if blank.kind.startswith("BatchNorm"):
            last = next(reversed(nodes))
            nodes[last], shift = _folded(nodes[last], blank, module)
            continue
        if blank.kind in _LAYERS:
            kind, values = _LAYERS[blank.kind](blank, module)
        elif blank.kind in NEURONS:
            # A shift without neurons behind it is the readout's bias.
            if shift is not None and not drop_bias:
                raise shift
            kind, values, semantics[name] = NEURONS[blank.kind](blank, module)
        else:
            raise blank.refuse(f"expected one of {', '.join([*_LAYERS, *NEURONS, 'BatchNorm2d'])}")
        arrays: dict[str, Value] = {
            key: value if isinstance(value, str) else array_of(value)
            for key, value in values.items()
        }
        nodes[name] = Node(blank.where, kind, arrays, {})
    nodes["output"] = Node("module 'output'", "Output", {}, {})
    names = list(nodes)
    edges = tuple(itertools.pairwise(names))
    return Chain(Graph("module", nodes, edges, {}), semantics)


def _flat(modules: Iterable[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for index, module in enumerate(modules):
        name = f"{prefix}{index}"
        if isinstance(module, nn.Sequential | list | tuple):
            yield from _flat(module, f"{name}.")
        else:
            yield name, module


def _convolution(blank: Node, module: Any) -> tuple[str, dict[str, Any]]:
    if module.padding_mode != "zeros":
        raise blank.refuse(f"padding_mode = {module.padding_mode!r}: expected 'zeros'")
    names = ("weight", "stride", "padding", "dilation", "groups")
    return blank.kind, {name: getattr(module, name) for name in names} | _bias(module)


def _linear(blank: Node, module: Any) -> tuple[str, dict[str, Any]]:
    return "Affine", {"weight": module.weight} | _bias(module)


def _bias(module: Any) -> dict[str, Any]:
    return {} if module.bias is None else {"bias": module.bias}


def _pool(blank: Node, module: Any) -> tuple[str, dict[str, Any]]:
    if module.ceil_mode or getattr(module, "divisor_override", None) is not None:
        raise blank.refuse("expected ceil_mode = False and no divisor_override")
    stride = module.kernel_size if module.stride is None else module.stride
    padding = getattr(module, "padding", 0)
    return blank.kind, {"kernel_size": module.kernel_size, "stride": stride, "padding": padding}


def _flatten(blank: Node, module: Any) -> tuple[str, dict[str, Any]]:
    if (module.start_dim, module.end_dim) not in ((1, -1), (2, -1)):
        raise blank.refuse(f"start_dim = {module.start_dim}: expected all but batch, and time")
    return "Flatten", {"start_dim": 0, "end_dim": -1}


_LAYERS: dict[str, Callable[[Node, Any], tuple[str, dict[str, Any]]]] = {
    "Conv2d": _convolution,
    "Conv1d": _convolution,
    "Linear": _linear,
    "AvgPool2d": _pool,
    "SumPool2d": _pool,
    "Flatten": _flatten,
}


def _folded(node: Node, blank: Node, norm: Any) -> tuple[Node, GraphError | None]:
    """Weights with a batch norm's scale, and bias with its shift; what to say of the latter, if
    there is one and the layer spikes."""
    if "weight" not in node.values:
        raise blank.refuse(f"behind {node.kind}: expected it right behind weights")
    if norm.running_mean is None or norm.running_var is None:
        raise blank.refuse("it keeps no running statistics: expected some, to be folded")
    mean, var = (array_of(part).astype(float) for part in (norm.running_mean, norm.running_var))
    gamma, beta = (
        np.full(len(mean), fill) if part is None else array_of(part).astype(float)
        for part, fill in ((norm.weight, 1.0), (norm.bias, 0.0))
    )
    scale = gamma / np.sqrt(var + norm.eps)
    weight = np.asarray(node.values["weight"], float)
    if len(weight) != len(scale):
        raise blank.refuse(f"{len(scale)} channels: expected {len(weight)}")
    before = np.asarray(node.values.get("bias", np.zeros(len(mean))), float)
    bias = (before - mean) * scale + beta
    shift = None
    if bias.any():
        shift = blank.refuse(
            f"shifts by up to {np.abs(bias).max():g}: a spiking layer has no bias; set running "
            "means and biases to zero before the last epochs of training, or leave the shift out "
            "with drop_bias=True, and fine-tune"
        )
    rows = scale.reshape(-1, *(1 for _ in weight.shape[1:]))
    values = {**node.values, "weight": weight * rows, "bias": bias}
    return Node(node.where, node.kind, values, node.metadata), shift
