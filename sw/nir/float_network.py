"""What a graph means, as a network of real weights, and what of it that network does not know."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tickless.sw.nir.floors import FLOOR
from tickless.sw.nir.layers import Meaning, RealLayer
from tickless.sw.nir.neurons import NodeNeuron
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire, LeakyIntegrateAndFire, Neuron
from tickless.sw.training.readout import FloatReadout

__all__ = ["float_network", "origin_of"]


def float_network(
    meaning: Meaning, floors: Sequence[float], *, leaks: bool = False
) -> SpikingNetwork:
    """Network of a graph's layers.

    Parameters
    ----------
    floors : sequence of float
        Lowest membrane of each spiking layer, in thresholds.
    leaks : bool
        Whether neurons, and integrators at the output, leak as in the graph, which they can in time
        steps alone; those that do have no floor.
    """
    specs = [layer.spec for layer in meaning.layers]
    nodes = [layer.neuron for layer in meaning.layers if layer.neuron is not None]
    neurons = [
        _leaky(node, node.decay) if leaks and node.decay is not None else _plain(node, floor)
        for node, floor in zip(nodes, floors, strict=True)
    ]
    # A readout alone has neurons by name only.
    model = SpikingNetwork(
        meaning.sensor, specs, neurons or [IntegrateAndFire(FLOOR)], normalize=False
    )
    with torch.no_grad():
        for index, layer in enumerate(meaning.layers):
            model.weights[index].copy_(torch.from_numpy(layer.weight))
            if layer.shortcut is not None:
                model.direct[str(index)].copy_(torch.from_numpy(layer.shortcut))
    model.readout = _readout(meaning.layers[-1], leaks)
    return model.eval()


def origin_of(meaning: Meaning, floors: Sequence[float]) -> dict[str, Any]:
    """What the graph said and the network does not know, by layer where there is one."""
    neurons = [layer.neuron or layer.integrator for layer in meaning.layers]
    how = [asdict(neuron.semantics) for neuron in neurons if neuron is not None]
    return {
        "source": Path(meaning.where).name,
        "semantics": how[0] if how and all(each == how[0] for each in how) else how,
        "dt": meaning.dt,
        "floors": list(floors),
        "tau": [_list(None if neuron is None else neuron.tau) for neuron in neurons],
        "v_leak": [_list(None if neuron is None else neuron.v_leak) for neuron in neurons],
        "bias": [_list(layer.bias) for layer in meaning.layers],
    }


def _readout(layer: RealLayer, leaks: bool) -> FloatReadout:
    initial = () if layer.initial is None else tuple(layer.initial.tolist())
    decay = 1.0
    if leaks and layer.integrator is not None and layer.integrator.decay is not None:
        # One a channel of the integrators, of which each position is a class.
        channels = layer.integrator.decay
        decay = _one_or_all(np.repeat(channels, layer.spec.channels // len(channels)))
    return FloatReadout(initial, layer.bias_steps, decay)


def _one_or_all(values: np.ndarray) -> float | tuple[float, ...]:
    first, *others = values.tolist()
    return first if all(value == first for value in others) else (first, *others)


def _plain(node: NodeNeuron, floor: float) -> Neuron:
    how = node.semantics
    return IntegrateAndFire(floor, spikes=how.spikes, reset=how.reset, strict=how.strict)


def _leaky(node: NodeNeuron, decay: np.ndarray) -> Neuron:
    how = node.semantics
    return LeakyIntegrateAndFire(
        _one_or_all(decay),
        spikes=how.spikes,
        reset=how.reset,
        strict=how.strict,
        delayed=how.delayed,
    )


def _list(values: np.ndarray | None) -> Sequence[float] | None:
    return None if values is None else values.tolist()
