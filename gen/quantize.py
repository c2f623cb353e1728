"""Quantization: a trained float network becomes an integer one."""

import argparse
import copy
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sw.checkpoint import Checkpoint, CheckpointError
from sw.data.catalog import load
from sw.data.events import EventsError
from sw.evaluate import score_events
from sw.layer import Layer
from sw.models import SpikingChain
from sw.network import Network, NetworkError, Provenance

__all__ = ["quantize"]


def quantize(
    model: SpikingChain,
    weight_bits: int = 8,
    resolution: int = 128,
    provenance: Provenance | None = None,
) -> Network:
    """Integer network of a float one.

    A neuron's spikes do not change when its weights, threshold and floor are scaled together. So
    each channel has the scale at which its largest weight fills ``weight_bits``, or ``resolution``
    where that is smaller, and the scale is seen in its threshold and floor alone. Pooling by p
    multiplies both by p * p. Each layer's membranes are as narrow as its thresholds and floors
    allow. The readout has one scale.

    Parameters
    ----------
    model : SpikingChain
        Trained network; its batch norms, if any, have no shifts. It is left as it is.
    weight_bits : int
        Width of a signed weight, 2 to 8.
    resolution : int
        Most weight units in a threshold, at least 1: it keeps membranes narrow where all weights
        of a channel are small.
    provenance : Provenance, optional
        What the network's file says about its origin.

    Raises
    ------
    NetworkError
        If a width or threshold is out of range, the floor is not negative, a batch norm shifts, or
        a weight is not finite.
    """
    if not 2 <= weight_bits <= 8:
        raise NetworkError(f"weight_bits = {weight_bits}: expected 2 to 8")
    if resolution < 1:
        raise NetworkError(f"resolution = {resolution}: expected at least 1")
    if not model.floor < 0:
        raise NetworkError(f"floor = {model.floor}: expected a negative number of thresholds")
    if model.norms:
        model = copy.deepcopy(model)
        try:
            model.fold()
        except ValueError as error:
            raise NetworkError(str(error)) from None
    largest = (1 << (weight_bits - 1)) - 1
    layers, logit_scale = [], 1.0
    for index, (geometry, parameter) in enumerate(
        zip(model.geometries, model.weights, strict=True)
    ):
        weight = parameter.detach().numpy().astype(np.float64)
        if not np.isfinite(weight).all():
            raise NetworkError(f"layer {index}: expected finite weights")
        charge = geometry.pool**2
        peaks = np.maximum(np.abs(weight).max(axis=(1, 2, 3)), 1e-12)
        if geometry.kind == "readout":
            scale = largest / peaks.max()
            name, bits = "readout", 32
            threshold = floor = np.zeros(0)
            logit_scale = float(1 / (scale * charge))
        else:
            scale = np.minimum(largest / peaks, resolution)
            threshold = np.rint(scale * charge)
            if threshold.min() < 1:
                channel = int(threshold.argmin())
                raise NetworkError(
                    f"layer {index}: channel {channel} has a weight of {peaks[channel]:g} "
                    f"thresholds: expected at most {2 * largest * charge}"
                )
            floor = np.minimum(np.rint(model.floor * threshold), -1)
            name = f"{geometry.kind}{index + 1}"
            bits = _bits(int(max(threshold.max(), -floor.min())))
            scale = scale[:, None, None, None]
        layers.append(
            Layer(
                name=name,
                geometry=geometry,
                weight=np.rint(weight * scale).astype(np.int8),
                weight_bits=weight_bits,
                threshold=threshold.astype(np.int32),
                floor=floor.astype(np.int32),
                membrane_bits=bits,
            )
        )
    return Network(tuple(layers), logit_scale, provenance or Provenance())


def _bits(extent: int) -> int:
    """Narrowest signed width with thresholds up to, and floors down to minus, this extent."""
    return max(2, (extent - 1).bit_length() + 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of `quantize`: checkpoint in, network file out, integer accuracy measured."""
    parser = argparse.ArgumentParser(
        prog="python -m gen.quantize",
        description="Quantize a checkpoint of sw.train and measure the integer network, event by "
        "event, on the test samples of its data set.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("checkpoint", type=Path, help="file that sw.train wrote")
    parser.add_argument("--bits", type=int, default=8, help="width of a weight, 2 to 8")
    parser.add_argument(
        "--resolution", type=int, default=128, help="most weight units in a threshold"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="network file to write")
    options = parser.parse_args(arguments)
    try:
        source = Checkpoint.load(options.checkpoint)
        network = quantize(source.model, options.bits, options.resolution)
        score = score_events(network, load(source.dataset, "test"))
    except (CheckpointError, EventsError, NetworkError) as error:
        sys.exit(f"error: {error}")
    accuracies = {**source.accuracies, "integer": score.accuracy}
    origin = Provenance(source.dataset, source.method, source.seed, accuracies)
    replace(network, provenance=origin).save(options.output)
    print(f"integer accuracy: {score.accuracy:.4f} of {score.samples} samples")
    print(f"mean events into each layer: {', '.join(f'{mean:.0f}' for mean in score.events)}")
    print(f"mean synaptic operations: {score.sops:.0f}")
    print(f"membrane bits: {', '.join(str(layer.membrane_bits) for layer in network.layers[:-1])}")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
