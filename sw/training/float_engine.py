"""Float network event by event: the contract's neuron with real weights and threshold 1."""

import numpy as np
import torch

from tickless.errors import InputError
from tickless.sw.integer.engine import run_layers
from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.readout_layer import ReadoutLayer
from tickless.sw.integer.spiking_layer import SpikingLayer
from tickless.sw.training.models import SpikingNetwork

__all__ = ["FloatEngine"]


class FloatEngine:
    """Float network, prepared to run event by event.

    A network with a `quantization` runs with its integers, whose sums float32 holds exactly: its
    spikes are those of the integer network.

    Parameters
    ----------
    model : SpikingNetwork
        Network whose batch norms, if any, are fused. Its floor is the neurons' floor; without a
        quantization, membranes have no ceiling.

    Raises
    ------
    InputError
        If neurons or logits leak, or a batch norm is not fused.
    """

    def __init__(self, model: SpikingNetwork):
        if model.norms:
            raise InputError("model: expected its batch norms fused")
        self._sensor = model.sensor
        self._layers, self._joins = [], {}
        for index, spec in enumerate(model.specs):
            edges, threshold, floor, ceil = _neurons(model, index)
            if spec.kind == "readout":
                self._readout = ReadoutLayer(*edges[0], np.inf, _initial_logits(model))
            else:
                reset = model.event_neuron(index).reset
                self._layers.append(SpikingLayer(edges, threshold, floor, ceil, reset))
            if spec.shortcut is not None:
                self._joins[spec.shortcut.source] = index

    def run(self, events: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], int]:
        """Logits, each spiking layer's spikes ``[n, 3]`` in order, and synaptic operations.

        Parameters
        ----------
        events : numpy.ndarray
            int32 ``[n, 3]``: rows ``(channel, y, x)``; those outside the sensor are dropped.
        """
        inside = ((events >= 0) & (events < self._sensor)).all(axis=1)
        kept = np.ascontiguousarray(events[inside])
        traces, sent, _ = run_layers(self._layers, self._joins, kept)
        answer = self._readout.run(sent)
        sops = sum(trace.sops for trace in traces) + answer.sops
        return answer.logits, [trace.spikes for trace in traces], sops


@torch.no_grad()
def _neurons(
    model: SpikingNetwork, index: int
) -> tuple[list[tuple[Geometry, np.ndarray]], np.ndarray, np.ndarray, float]:
    """Edges, thresholds, floors and ceiling of a layer.

    Edges are geometries and weights, that of a shortcut behind the layer's own. Thresholds and
    floors are ``[channels]``, those of a readout empty. All are float32, and the integers
    themselves if the network has a `quantization`; else there is no ceiling. As in
    `sw.quantization.quantize`, strict neurons have higher thresholds where they reset to zero.
    """
    neuron, ceil, passed = model.event_neuron(index), np.inf, None
    geometry, weight, shortcut = (
        model.geometries[index],
        model.weights[index],
        model.shortcut(index),
    )
    if model.quantization is None:
        size = 0 if geometry.kind == "readout" else len(weight)
        threshold = torch.full((size,), float(geometry.pool**2))
        floor = neuron.floor * threshold
        if neuron.fires_above:
            threshold = threshold.nextafter(torch.tensor(np.inf))
        if shortcut is not None:
            passed = shortcut[0] * (geometry.pool / shortcut[1].pool) ** 2
    else:
        levels = model.quantization.levels(weight, geometry, neuron.floor, shortcut)
        if neuron.fires_above and geometry.kind != "readout":
            levels = levels.above()
        weight, threshold, floor = levels.weight, levels.threshold, levels.floor
        passed = levels.shortcut
        ceil = float((1 << (levels.membrane_bits - 1)) - 1)
    edges = [(geometry, _float32(weight))]
    if shortcut is not None and passed is not None:
        edges.append((shortcut[1], _float32(passed)))
    return edges, _float32(threshold), _float32(floor), ceil


@torch.no_grad()
def _initial_logits(model: SpikingNetwork) -> np.ndarray:
    """Logits with which a sample begins, in the units of the readout's weights: float32
    ``[classes]``, empty where all begin at 0."""
    if model.readout.leaks:
        raise InputError("readout: leaks: expected one that has no time")
    weight, geometry = model.weights[-1], model.geometries[-1]
    if model.quantization is None:
        return np.array(model.readout.initial, np.float32) * geometry.pool**2
    levels = model.quantization.levels(weight, geometry, model.event_neuron(-1).floor)
    return _float32(levels.logits(model.readout.initial, geometry.pool))


def _float32(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
