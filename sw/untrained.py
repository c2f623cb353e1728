"""Untrained networks: random weights, thresholds that keep every layer at a sane rate.

They show hardware at work on a data set where no training is possible; their classes mean nothing.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tickless.errors import InputError
from tickless.progress import stage
from tickless.sw.data.catalog import class_names, dataset_name, load, sensor
from tickless.sw.integer.geometry import Geometry, Shape
from tickless.sw.integer.layer import Edge, Layer, membrane_bits
from tickless.sw.integer.network import Network, Provenance
from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.outputs import output_file
from tickless.sw.training.architectures import NETWORKS, layers

__all__ = ["add_options", "main", "untrained_network"]

WEIGHT_BITS = 4
MEAN, DEVIATION = 0.5, 2.5
"""Of weights of `WEIGHT_BITS` before they are rounded and clipped, and in proportion of others:
somewhat more excitation than inhibition."""

SPIKES_PER_EVENT = 0.7
"""Spikes that a layer makes of an event, so that no later layer is busier than the first."""

MAX_THRESHOLD = 1 << 15


def untrained_network(
    sensor: Shape,
    specs: Sequence[LayerSpec],
    recordings: Sequence[np.ndarray],
    seed: int,
    dataset: str = "",
    weight_bits: int = WEIGHT_BITS,
) -> Network:
    """Network of random weights whose thresholds suit some recordings.

    Each spiking layer has one threshold: the lowest with which it makes at most
    `SPIKES_PER_EVENT` spikes of an event on the recordings, taken layer by layer.

    Parameters
    ----------
    sensor : Shape
        Extent of the input events.
    specs : sequence of LayerSpec
        A chain of layers; the last one is the readout.
    recordings : sequence of numpy.ndarray
        int32 ``[n, 3]``: events ``(channel, y, x)`` inside the sensor.
    seed : int
        Seed of the weights.
    dataset : str
        Name of the recordings' data set, for the provenance.
    weight_bits : int
        Width of the weights, 2 to 8.

    Raises
    ------
    InputError
        If a layer has a shortcut.
    """
    if any(spec.shortcut for spec in specs):
        raise InputError("untrained network: expected a chain of layers, without shortcuts")
    rng = np.random.default_rng(seed)
    layers, arriving = [], list(recordings)
    for index, geometry in enumerate(layer_geometries(sensor, specs)):
        half = 1 << (weight_bits - 1)
        drawn = rng.normal(MEAN, DEVIATION, geometry.weight_shape) * 2.0 ** (
            weight_bits - WEIGHT_BITS
        )
        weight = np.clip(np.rint(drawn), -half, half - 1).astype(np.int8)
        edge = Edge(geometry, weight, weight_bits)
        if geometry.kind == "readout":
            none = np.zeros(0, np.int32)
            layers.append(Layer("readout", (edge,), none, none.copy(), 32))
            break
        threshold, arriving = _threshold(geometry, weight, arriving)
        thresholds = np.full(geometry.output_shape[0], threshold, np.int32)
        layers.append(
            Layer(
                f"{geometry.kind}{index + 1}",
                (edge,),
                thresholds,
                -thresholds,
                membrane_bits(threshold, -threshold),
            )
        )
    return Network(tuple(layers), provenance=Provenance(dataset, "random", seed))


def _threshold(
    geometry: Geometry, weight: np.ndarray, arriving: Sequence[np.ndarray]
) -> tuple[int, list[np.ndarray]]:
    """Threshold, found by bisection, and the spikes that it gives."""
    from tickless.sw.integer.spiking_layer import SpikingLayer

    def spikes(threshold: int) -> list[np.ndarray]:
        thresholds = np.full(geometry.output_shape[0], threshold, np.int32)
        ceil = (1 << (membrane_bits(threshold, -threshold) - 1)) - 1
        layer = SpikingLayer([(geometry, weight)], thresholds, -thresholds, ceil)
        return [layer.run(events).spikes for events in arriving]

    wanted = SPIKES_PER_EVENT * sum(len(events) for events in arriving)
    low, high = 1, MAX_THRESHOLD
    while low < high:
        middle = (low + high) // 2
        if sum(len(sent) for sent in spikes(middle)) <= wanted:
            high = middle
        else:
            low = middle + 1
    return low, spikes(low)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Write a network, that for DVS-Gesture by default, with random weights and thresholds that "
        "suit the recordings at hand. It is not trained: its classes mean nothing."
    )
    parser.add_argument(
        "--dataset", type=dataset_name, default="dvsgesture", help="recordings (dvsgesture)"
    )
    parser.add_argument(
        "--layers", choices=NETWORKS, default="mtt-gesture", help="its layers (mtt-gesture)"
    )
    parser.add_argument(
        "--weight-bits",
        type=int,
        choices=range(2, 9),
        default=WEIGHT_BITS,
        metavar="N",
        help=f"width of the weights, 2 to 8 ({WEIGHT_BITS})",
    )
    parser.add_argument("--samples", type=int, default=3, help="recordings to suit (3)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the weights (1)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="network file to write")


def main(options: argparse.Namespace) -> int:
    """Write a network, its thresholds suiting recordings."""
    for name, least in (("samples", 1), ("seed", 0)):
        if (value := getattr(options, name)) < least:
            raise InputError(f"{name} = {value}: expected at least {least}")
    output_file(options.output)
    with stage("reading recordings"):
        recordings = load(options.dataset, "test")[: options.samples]
        inside = [events.addresses[events.inside] for events, _ in recordings]
    specs = layers(options.layers, len(class_names(options.dataset)))
    with stage("searching thresholds"):
        network = untrained_network(
            sensor(options.dataset),
            specs,
            inside,
            options.seed,
            options.dataset,
            options.weight_bits,
        )
    network.save(options.output)
    for layer in network.layers[:-1]:
        print(
            f"{layer.name:10} threshold {layer.threshold[0]}, membranes {layer.membrane_bits} bits"
        )
    print(options.output)
    return 0
