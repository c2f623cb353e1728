"""Untrained networks: random weights, thresholds with which every layer spikes.

They show hardware at work on a data set where no training is possible; their classes mean nothing.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tickless.errors import InputError
from tickless.progress import stage
from tickless.sw.data.catalog import at_random, class_names, dataset_name, sensor
from tickless.sw.integer.geometry import Geometry, Shape
from tickless.sw.integer.layer import Edge, Layer, membrane_bits
from tickless.sw.integer.network import Network, Provenance
from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.option_types import at_least_one
from tickless.sw.outputs import output_file
from tickless.sw.training.architectures import NETWORKS, layers

__all__ = ["add_options", "main", "untrained_network"]

WEIGHT_BITS = 4
MEAN, DEVIATION = 0.5, 2.5
"""Of weights of `WEIGHT_BITS` before they are rounded and clipped, and in proportion of others:
somewhat more excitation than inhibition, alike in every output channel, so that all of them spike
and the last layers still have events to spike of."""


def untrained_network(
    sensor: Shape,
    specs: Sequence[LayerSpec],
    recordings: Sequence[np.ndarray],
    seed: int,
    dataset: str = "",
    weight_bits: int = WEIGHT_BITS,
    spikes: int | None = None,
) -> Network:
    """Network of random weights whose thresholds suit some recordings.

    Each spiking layer has one threshold, found by `sw.thresholds.ThresholdSearch`. A shortcut that
    passes each channel on to itself has the largest weight.

    Parameters
    ----------
    sensor : Shape
        Extent of the input events.
    specs : sequence of LayerSpec
        The layers; the last one is the readout.
    recordings : sequence of numpy.ndarray
        int32 ``[n, 3]``: events ``(channel, y, x)`` inside the sensor.
    seed : int
        Seed of the weights.
    dataset : str
        Name of the recordings' data set, for the provenance.
    weight_bits : int
        Width of the weights, 2 to 8.
    spikes : int, optional
        Of each layer: see there.

    Raises
    ------
    InputError
        If a layer cannot make as many spikes.
    """
    from tickless.sw.thresholds import ThresholdSearch

    rng, search = np.random.default_rng(seed), ThresholdSearch(recordings, spikes)
    forks = {spec.shortcut.source for spec in specs if spec.shortcut}
    made: list[Layer] = []
    for index, (spec, geometry) in enumerate(
        zip(specs, layer_geometries(sensor, specs), strict=True)
    ):
        edges = [Edge(geometry, _weight(rng, geometry, weight_bits), weight_bits)]
        if spec.shortcut:
            source = made[spec.shortcut.source]
            direct = spec.shortcut.geometry(source.output_shape, geometry.output_shape)
            weight = _weight(rng, direct, weight_bits)
            edges.append(Edge(direct, weight, weight_bits, source.name))
        if geometry.kind == "readout":
            none = np.zeros(0, np.int32)
            made.append(Layer("readout", tuple(edges), none, none.copy(), 32))
            break
        name = f"{geometry.kind}{index + 1}"
        threshold = search.threshold(name, edges, index in forks)
        thresholds = np.full(geometry.output_shape[0], threshold, np.int32)
        bits = membrane_bits(threshold, -threshold)
        made.append(Layer(name, tuple(edges), thresholds, -thresholds, bits))
    return Network(tuple(made), provenance=Provenance(dataset, "random", seed))


def _weight(rng: np.random.Generator, geometry: Geometry, bits: int) -> np.ndarray:
    """Random weights of an edge."""
    half, shape = 1 << (bits - 1), geometry.weight_shape
    if geometry.kind == "conv2d" and shape[1:] == (1, 1, 1) and geometry.groups > 1:
        return np.full(shape, half - 1, np.int8)
    drawn = rng.normal(0, DEVIATION, shape)
    drawn += MEAN - drawn.mean((1, 2, 3), keepdims=True)
    return np.clip(np.rint(drawn * 2.0 ** (bits - WEIGHT_BITS)), -half, half - 1).astype(np.int8)


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
    parser.add_argument(
        "--samples", type=int, metavar="N", default=3, help="recordings to suit, at random (3)"
    )
    parser.add_argument(
        "--spikes",
        type=at_least_one,
        metavar="N",
        help="spikes of each layer on each of them, at least; by default 0.7 of an event at most",
    )
    parser.add_argument("--seed", type=int, default=1, help="of weights and recordings (1)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="network file to write")


def main(options: argparse.Namespace) -> int:
    """Write a network, its thresholds suiting recordings."""
    for name, least in (("samples", 1), ("seed", 0)):
        if (value := getattr(options, name)) < least:
            raise InputError(f"{name} = {value}: expected at least {least}")
    output_file(options.output)
    with stage("reading recordings"):
        [recordings] = at_random(options.dataset, options.samples, options.seed)
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
            options.spikes,
        )
    network.save(options.output)
    for layer in network.layers[:-1]:
        print(
            f"{layer.name:10} threshold {layer.threshold[0]}, membranes {layer.membrane_bits} bits"
        )
    print(options.output)
    return 0
