"""Quantization: a trained float network becomes an integer one."""

import copy

import numpy as np
import torch

from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network, NetworkError, Provenance
from tickless.sw.quantization.rule import Quantization
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire

__all__ = ["quantize"]


def quantize(
    model: SpikingNetwork,
    weight_bits: int = 8,
    resolution: int = 128,
    provenance: Provenance | None = None,
) -> Network:
    """Integer network of a float one, by the rule of `sw.quantization.rule.Quantization`.

    Each layer's membranes are as narrow as its thresholds and floors allow.

    Parameters
    ----------
    model : SpikingNetwork
        Trained network of integrate-and-fire neurons without shortcuts; its batch norms, if any,
        have no shifts. It is left as it is.
    weight_bits, resolution : int
        Of the quantization.
    provenance : Provenance, optional
        What the network's file says about its origin.

    Raises
    ------
    NetworkError
        If the network is another one, a width or threshold is out of range, a batch norm shifts,
        or a weight is not finite.
    """
    neuron = model.neuron
    if not isinstance(neuron, IntegrateAndFire):
        raise NetworkError(f"neuron = {neuron.kind!r}: expected 'if'")
    if any(spec.shortcut for spec in model.specs):
        raise NetworkError("model: expected no shortcut")
    try:
        quantization = Quantization(weight_bits, resolution)
        if model.norms:
            model = copy.deepcopy(model)
            model.fuse_norms()
    except ValueError as error:
        raise NetworkError(str(error)) from None
    layers, logit_scale = [], 1.0
    for index, (geometry, parameter) in enumerate(
        zip(model.geometries, model.weights, strict=True)
    ):
        weight = parameter.detach().cpu()
        if not torch.isfinite(weight).all():
            raise NetworkError(f"layer {index}: expected finite weights")
        levels = quantization.levels(weight, geometry, neuron.floor)
        threshold, floor = levels.threshold.numpy(), levels.floor.numpy()
        name = "readout"
        if geometry.kind == "readout":
            logit_scale = 1 / (levels.scale.item() * geometry.pool**2)
        else:
            if threshold.min() < 1:
                channel = int(threshold.argmin())
                largest = ((1 << (weight_bits - 1)) - 1) * geometry.pool**2
                raise NetworkError(
                    f"layer {index}: channel {channel} has a weight of "
                    f"{weight[channel].abs().max():g} thresholds: expected at most {2 * largest}"
                )
            name = f"{geometry.kind}{index + 1}"
        layers.append(
            Layer(
                name=name,
                edges=(Edge(geometry, levels.weight.numpy().astype(np.int8), weight_bits),),
                threshold=threshold.astype(np.int32),
                floor=floor.astype(np.int32),
                membrane_bits=levels.membrane_bits,
                reset="subtract" if geometry.kind == "readout" else neuron.reset,
            )
        )
    return Network(tuple(layers), logit_scale, provenance or Provenance())
