"""PyTorch modules as graphs: chains of layers, with neurons of ours or of a framework.

Modules of frameworks are known by their classes' names: none of them is imported.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from tickless.sw.integer.geometry import Shape
from tickless.sw.nir.reading import Graph, GraphError, Node, Value
from tickless.sw.nir.semantics import FRAMEWORKS, TICKLESS, Semantics

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
    for name, module in _flat(modules, ""):
        blank = Node(f"module {name!r}", type(module).__name__, {}, {})
        if blank.kind in SAME:
            continue
        if blank.kind.startswith("BatchNorm"):
            last = next(reversed(nodes))
            nodes[last] = _folded(nodes[last], blank, module, drop_bias)
            continue
        if blank.kind in _LAYERS:
            kind, values = _LAYERS[blank.kind](blank, module)
        elif blank.kind in _NEURONS:
            kind, values, semantics[name] = _NEURONS[blank.kind](blank, module)
        else:
            raise blank.refuse(f"expected one of {', '.join([*_LAYERS, *_NEURONS, 'BatchNorm2d'])}")
        arrays: dict[str, Value] = {
            key: value if isinstance(value, str) else _array(value) for key, value in values.items()
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


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


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


def _folded(node: Node, blank: Node, norm: Any, drop_bias: bool) -> Node:
    """Weights with a batch norm's scale, and bias with its shift."""
    if "weight" not in node.values:
        raise blank.refuse(f"behind {node.kind}: expected it right behind weights")
    if norm.running_mean is None or norm.running_var is None:
        raise blank.refuse("it keeps no running statistics: expected some, to be folded")
    mean, var = (_array(part).astype(float) for part in (norm.running_mean, norm.running_var))
    gamma, beta = (
        np.full(len(mean), fill) if part is None else _array(part).astype(float)
        for part, fill in ((norm.weight, 1.0), (norm.bias, 0.0))
    )
    scale = gamma / np.sqrt(var + norm.eps)
    weight = np.asarray(node.values["weight"], float)
    if len(weight) != len(scale):
        raise blank.refuse(f"{len(scale)} channels: expected {len(weight)}")
    before = np.asarray(node.values.get("bias", np.zeros(len(mean))), float)
    bias = (before - mean) * scale + beta
    if bias.any() and not drop_bias:
        raise blank.refuse(
            f"shifts by up to {np.abs(bias).max():g}: a spiking layer has no bias; set running "
            "means and biases to zero before the last epochs of training, or leave the shift out "
            "with drop_bias=True, and fine-tune"
        )
    rows = scale.reshape(-1, *(1 for _ in weight.shape[1:]))
    values = {**node.values, "weight": weight * rows, "bias": bias}
    return Node(node.where, node.kind, values, node.metadata)


Neurons = tuple[str, dict[str, Any], Semantics]


def _if(threshold: Any, semantics: Semantics) -> Neurons:
    """Neurons that receive their currents as they are."""
    return "IF", {"r": 1.0, "v_threshold": threshold}, replace(semantics, dt=1.0, leaky_dt=1.0)


def _leaky(threshold: Any, decay: Any, gain: Any, semantics: Semantics) -> Neurons:
    """Neurons that keep a part of their membranes and receive currents times a gain."""
    _, values, how = _if(threshold, semantics)
    decay = _array(decay).astype(float)
    with np.errstate(divide="ignore"):
        tau = 1 / (1 - decay)
    values |= {"r": _array(gain) * tau, "tau": tau, "v_leak": np.zeros_like(tau), "dt": 1.0}
    return "LIF", values, replace(how, euler=True)


def _ours(blank: Node, neuron: Any) -> Neurons:
    how = replace(TICKLESS, spikes=neuron.spikes, reset=neuron.reset, strict=neuron.strict)
    if blank.kind == "LeakyIntegrateAndFire":
        decay = np.reshape(neuron.decay, (-1, 1, 1) if isinstance(neuron.decay, tuple) else ())
        return _leaky(1.0, decay, 1.0, replace(how, delayed=neuron.delayed))
    return _if(1.0, replace(how, floor=neuron.floor if np.isfinite(neuron.floor) else None))


def _sinabs(blank: Node, module: Any) -> Neurons:
    for name in ("tau_syn", "alpha_syn"):
        if getattr(module, name, None) is not None:
            raise blank.refuse(f"{name}: expected None, synapses without a time constant")
    spikes = getattr(module.spike_fn, "__name__", type(module.spike_fn).__name__)
    reset = type(module.reset_fn).__name__
    if spikes not in ("MultiSpike", "SingleSpike"):
        raise blank.refuse(f"spike_fn = {spikes}: expected MultiSpike or SingleSpike")
    plain = {"MembraneSubtract": ("subtract_value", None), "MembraneReset": ("reset_value", 0.0)}
    if reset not in plain or getattr(module.reset_fn, plain[reset][0]) != plain[reset][1]:
        raise blank.refuse(f"reset_fn = {module.reset_fn}: expected MembraneSubtract() or -Reset()")
    how = replace(
        FRAMEWORKS["sinabs"],
        spikes="many" if spikes == "MultiSpike" else "one",
        reset="subtract" if reset == "MembraneSubtract" else "zero",
    )
    if module.min_v_mem is not None:
        floor = float(_array(module.min_v_mem) / _array(module.spike_threshold).max())
        how = replace(how, floor=floor)
    if not blank.kind.startswith("LIF"):
        return _if(module.spike_threshold, how)
    alpha = _array(module.alpha_mem_calculated).astype(float)
    gain = 1 - alpha if module.norm_input else 1.0
    return _leaky(module.spike_threshold, alpha, gain, how)


def _snntorch(blank: Node, module: Any) -> Neurons:
    reset = module.reset_mechanism
    if reset not in ("subtract", "zero") or module.inhibition:
        raise blank.refuse("expected reset_mechanism 'subtract' or 'zero', and no inhibition")
    # Without the delay a reset is taken back where the next step is below the threshold.
    expected = {"graded_spikes_factor": 1, "state_quant": False}
    expected |= {"reset_delay": True} if reset == "subtract" else {}
    for name, value in expected.items():
        found = getattr(module, name, value)
        if isinstance(found, torch.Tensor) or not callable(found):
            found = _array(found).item()
        if found != value:
            raise blank.refuse(f"{name} = {found}: expected {value}")
    how = replace(FRAMEWORKS["snntorch"], reset=reset)
    beta = _array(module.beta).astype(float).clip(0, 1)
    if (beta == 1).all():
        return _if(module.threshold, how)
    return _leaky(module.threshold, beta, 1.0, how)


def _spikingjelly(blank: Node, module: Any) -> Neurons:
    if module.v_reset not in (None, 0):
        raise blank.refuse(f"v_reset = {module.v_reset}: expected 0, or None for subtraction")
    reset = "subtract" if module.v_reset is None else "zero"
    how = replace(FRAMEWORKS["spikingjelly"], reset=reset)
    if blank.kind != "LIFNode":
        return _if(module.v_threshold, how)
    gain = 1 / module.tau if module.decay_input else 1.0
    return _leaky(module.v_threshold, np.array(1 - 1 / module.tau), gain, how)


def _norse(blank: Node, module: Any) -> Neurons:
    if _array(module.p.v_reset).any():
        raise blank.refuse(f"v_reset = {module.p.v_reset}: expected 0")
    how = FRAMEWORKS["norse"]
    if blank.kind != "LIFBoxCell":
        return _if(module.p.v_th, how)
    if _array(module.p.v_leak).any():
        raise blank.refuse(f"v_leak = {module.p.v_leak}: expected 0")
    reset = getattr(module.p.reset_method, "__name__", str(module.p.reset_method))
    if reset not in ("reset_value", "reset_subtract"):
        raise blank.refuse(f"reset_method = {reset}: expected reset_value or reset_subtract")
    how = replace(how, reset="zero" if reset == "reset_value" else "subtract")
    gain = module.dt * _array(module.p.tau_mem_inv).astype(float)
    return _leaky(module.p.v_th, 1 - gain, gain, how)


_NEURONS: dict[str, Callable[[Node, Any], Neurons]] = {
    "IntegrateAndFire": _ours,
    "LeakyIntegrateAndFire": _ours,
    "IAF": _sinabs,
    "IAFSqueeze": _sinabs,
    "LIF": _sinabs,
    "LIFSqueeze": _sinabs,
    "Leaky": _snntorch,
    "IFNode": _spikingjelly,
    "LIFNode": _spikingjelly,
    "IAFCell": _norse,
    "LIFBoxCell": _norse,
}
