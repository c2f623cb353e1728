"""Quantization: a trained float network becomes an integer one."""

import copy
import warnings
from collections.abc import Sequence
from math import isfinite

import numpy as np
import torch

from tickless.sw.integer.geometry import Geometry
from tickless.sw.integer.layer import Edge, Layer, membrane_bits
from tickless.sw.integer.network import Network, NetworkError, Provenance
from tickless.sw.quantization.diagnosis import QuantizationWarning, diagnosis
from tickless.sw.quantization.rule import Clip, Quantization
from tickless.sw.training.batch_norms import fuse_norms
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire

__all__ = ["quantize", "rounding"]


def quantize(
    model: SpikingNetwork,
    weight_bits: int = 8,
    resolution: int = 128,
    provenance: Provenance | None = None,
    clip: Clip = None,
    origins: Sequence[str] = (),
) -> Network:
    """Integer network of a float one, by the rule of `sw.quantization.rule.Quantization`.

    Each layer's membranes are as narrow as its thresholds and floors allow. Event by event a neuron
    fires once per event, whatever its ``spikes`` in a time step. Neurons that fire above their
    threshold alone have one of 1 unit more, if they reset to zero; those that subtract their
    threshold keep it, and fire at it, too.

    Parameters
    ----------
    model : SpikingNetwork
        Trained network of integrate-and-fire neurons; its batch norms, if any, have no shifts. It
        is left as it is.
    weight_bits, resolution : int
        Of the quantization.
    provenance : Provenance, optional
        What the network's file says about its origin.
    clip : float or str, optional
        Of the quantization.
    origins : sequence of str
        Where each layer came from, if anywhere: messages name it beside the layer.

    Warns
    -----
    QuantizationWarning
        Where integers hold little of the weights: see `sw.quantization.diagnosis`.

    Raises
    ------
    NetworkError
        If the network is another one, a width or threshold is out of range, a batch norm shifts,
        or a weight is not finite.
    """
    for neuron in model.layer_neurons:
        if not isinstance(neuron, IntegrateAndFire):
            raise NetworkError(
                f"neuron = {neuron.kind!r}: expected 'if': event by event there is no time to leak "
                "in; tickless train --from trains a leaky network without its leak"
            )
        if not isfinite(neuron.floor):
            raise NetworkError(f"floor = {neuron.floor}: expected a finite number of thresholds")
    if model.readout.leaks:
        raise NetworkError(
            "readout: leaks: event by event there is no time to leak in; tickless train --from "
            "trains such a network without its leak"
        )
    try:
        quantization = Quantization(weight_bits, resolution, clip)
        if model.norms:
            model = copy.deepcopy(model)
            fuse_norms(model)
    except ValueError as error:
        raise NetworkError(str(error)) from None
    layers, logit_scale, initial = [], 1.0, np.zeros(0, np.int32)
    for index, (geometry, parameter) in enumerate(
        zip(model.geometries, model.weights, strict=True)
    ):
        weight, neuron = parameter.detach().cpu(), model.event_neuron(index)
        shortcut = model.shortcut(index)
        if shortcut is not None:
            shortcut = shortcut[0].detach().cpu(), shortcut[1]
        name = f"{geometry.kind}{index + 1}" if geometry.kind != "readout" else "readout"
        where = f"layer {name!r}" + (f", {origins[index]}" if origins else "")
        real = [weight] if shortcut is None else [weight, shortcut[0]]
        if not all(torch.isfinite(part).all() for part in real):
            raise NetworkError(f"{where}: expected finite weights")
        levels = quantization.levels(weight, geometry, neuron.floor, shortcut)
        spiking = geometry.kind != "readout"
        if spiking and neuron.fires_above:
            levels = levels.above()
        threshold, floor = levels.threshold.numpy(), levels.floor.numpy()
        if not spiking:
            logit_scale = levels.logit_scale(geometry.pool)
            initial = _initial(where, levels.logits(model.readout.initial, geometry.pool))
        else:
            if threshold.min() < 1 + neuron.fires_above:
                channel = int(threshold.argmin())
                largest = ((1 << (weight_bits - 1)) - 1) * geometry.pool**2
                raise NetworkError(
                    f"{where}: channel {channel} has a weight of "
                    f"{max(part[channel].abs().max() for part in real):g} thresholds: "
                    f"expected at most {2 * largest}"
                )
        for text in diagnosis(where, weight, levels, quantization):
            warnings.warn(text, QuantizationWarning, stacklevel=2)
        edges = [Edge(geometry, levels.weight.numpy().astype(np.int8), weight_bits)]
        spec = model.specs[index].shortcut
        if shortcut is not None and spec is not None and levels.shortcut is not None:
            edges.append(_shortcut(levels.shortcut, shortcut[1], weight_bits, layers[spec.source]))
        layers.append(
            Layer(
                name=name,
                edges=tuple(edges),
                threshold=threshold.astype(np.int32),
                floor=floor.astype(np.int32),
                membrane_bits=levels.membrane_bits,
                reset=neuron.reset if spiking else "subtract",
                initial_logits=np.zeros(0, np.int32) if spiking else initial,
            )
        )
    return Network(tuple(layers), logit_scale, provenance or Provenance())


def rounding(model: SpikingNetwork, network: Network) -> str:
    """Line that tells how the logits with which a network's samples begin were rounded; empty where
    all begin at 0.

    Parameters
    ----------
    model : SpikingNetwork
        Of which the network was made.
    """
    real, unit = np.array(model.readout.initial), network.logit_scale
    if not len(real):
        return ""
    error = np.abs(network.initial_logits * unit - real).max()
    return (
        f"initial logits of up to {np.abs(real).max():g} rounded to units of {unit:g}: by at most "
        f"{error:g}"
    )


def _initial(where: str, logits: torch.Tensor) -> np.ndarray:
    """Initial logits of a readout; none where all are 0."""
    limits = np.iinfo(np.int32)
    outside = (logits < limits.min) | (logits > limits.max)
    if outside.any():
        channel = int(outside.int().argmax())
        raise NetworkError(
            f"{where}: channel {channel} begins at {logits[channel]:g} units of a logit: expected "
            "32 bits; fewer bits of a weight (--bits) make the unit larger"
        )
    return logits.numpy().astype(np.int32) if logits.any() else np.zeros(0, np.int32)


def _shortcut(weight: torch.Tensor, geometry: Geometry, weight_bits: int, source: Layer) -> Edge:
    """Shortcut of the rule's integers, wider than ``weight_bits`` where they are."""
    integers = weight.numpy()
    needed = membrane_bits(int(integers.max()) + 1, int(integers.min()))
    bits = max(weight_bits, needed)
    return Edge(geometry, integers.astype(np.int8 if bits <= 8 else np.int16), bits, source.name)
