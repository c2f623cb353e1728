"""Neurons of PyTorch modules, ours or a framework's, as NIR's primitives."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from tickless.sw.nir.reading import Node
from tickless.sw.nir.semantics import FRAMEWORKS, TICKLESS, Semantics

__all__ = ["NEURONS", "array_of"]

Neurons = tuple[str, dict[str, Any], Semantics]


def array_of(value: Any) -> np.ndarray:
    """A tensor, or number, of a module."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _if(threshold: Any, semantics: Semantics) -> Neurons:
    """Neurons that receive their currents as they are."""
    return "IF", {"r": 1.0, "v_threshold": threshold}, replace(semantics, dt=1.0, leaky_dt=1.0)


def _leaky(threshold: Any, decay: Any, gain: Any, semantics: Semantics) -> Neurons:
    """Neurons that keep a part of their membranes and receive currents times a gain."""
    _, values, how = _if(threshold, semantics)
    decay = array_of(decay).astype(float)
    with np.errstate(divide="ignore"):
        tau = 1 / (1 - decay)
    values |= {"r": array_of(gain) * tau, "tau": tau, "v_leak": np.zeros_like(tau), "dt": 1.0}
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
        floor = float(array_of(module.min_v_mem) / array_of(module.spike_threshold).max())
        how = replace(how, floor=floor)
    if not blank.kind.startswith("LIF"):
        return _if(module.spike_threshold, how)
    alpha = array_of(module.alpha_mem_calculated).astype(float)
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
            found = array_of(found).item()
        if found != value:
            raise blank.refuse(f"{name} = {found}: expected {value}")
    how = replace(FRAMEWORKS["snntorch"], reset=reset)
    beta = array_of(module.beta).astype(float).clip(0, 1)
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
    if array_of(module.p.v_reset).any():
        raise blank.refuse(f"v_reset = {module.p.v_reset}: expected 0")
    how = FRAMEWORKS["norse"]
    if blank.kind != "LIFBoxCell":
        return _if(module.p.v_th, how)
    if array_of(module.p.v_leak).any():
        raise blank.refuse(f"v_leak = {module.p.v_leak}: expected 0")
    reset = getattr(module.p.reset_method, "__name__", str(module.p.reset_method))
    if reset not in ("reset_value", "reset_subtract"):
        raise blank.refuse(f"reset_method = {reset}: expected reset_value or reset_subtract")
    how = replace(how, reset="zero" if reset == "reset_value" else "subtract")
    gain = module.dt * array_of(module.p.tau_mem_inv).astype(float)
    return _leaky(module.p.v_th, 1 - gain, gain, how)


NEURONS: dict[str, Callable[[Node, Any], Neurons]] = {
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
"""By class: primitive, its fields, and how it fires and resets. GraphError, with the module's name,
for what is set to what no layer does."""
