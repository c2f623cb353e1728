"""Speed of the fast engine on one core, in processor time."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from time import thread_time

import numpy as np

from tickless.progress import bar, stage
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries

__all__ = ["add_options", "main", "synthetic_network"]

EVENTS = 4000
RUNS = 101

CONVOLUTIONS = {
    "2-8-16-32, all of stride 2": [
        LayerSpec("conv2d", channels, 3, stride=2, padding=1) for channels in (8, 16, 32)
    ],
    "6,160 weights of the MTT paper": [
        LayerSpec("conv2d", 8, 3, padding=1),
        LayerSpec("conv2d", 16, 3, padding=1, pool=2),
        LayerSpec("conv2d", 16, 3, stride=2, padding=1, pool=2),
    ],
}
THRESHOLDS = (40, 90, 250)
"""Thresholds that keep the layers at some 10,000 spikes a sample, as trained networks do."""


def synthetic_network(convolutions: Sequence[LayerSpec]) -> Network:
    """Network with random weights on 34x34 pixels, closed by a readout of 10."""
    rng = np.random.default_rng(1)
    geometries = layer_geometries((2, 34, 34), [*convolutions, LayerSpec("readout", 10)])
    layers = []
    for index, geometry in enumerate(geometries):
        weight = rng.integers(-20, 28, geometry.weight_shape).astype(np.int8)
        spiking = index < len(convolutions)
        size = geometry.output_shape[0] if spiking else 0
        threshold = np.full(size, THRESHOLDS[index] if spiking else 0, np.int32)
        bits = 12 if spiking else 32
        edge = Edge(geometry, weight, 8)
        layers.append(Layer(f"layer{index}", (edge,), threshold, -threshold, bits))
    return Network(tuple(layers))


def add_options(parser: ArgumentParser) -> None:
    """There are none."""


def main(options: Namespace) -> int:
    """Print events, synaptic operations and the engine's speed on each network."""
    with stage("loading the engine"):
        from tickless.sw.integer.engine import Engine
    rng = np.random.default_rng(0)
    events = rng.integers(0, (2, 34, 34), (EVENTS, 3)).astype(np.int32)
    for name, convolutions in CONVOLUTIONS.items():
        with stage("compiling the engine"):
            engine = Engine(synthetic_network(convolutions))
            trace = engine.run(events)
        seconds = []
        for _ in bar(range(RUNS), name, "run"):
            start = thread_time()
            engine.run(events)
            seconds.append(thread_time() - start)
        arriving = [*(layer.events for layer in trace.layers), trace.readout_events]
        print(f"{name}: events into each layer {arriving}, {trace.sops:,} synaptic operations")
        for title, value in (("median", float(np.median(seconds))), ("best", min(seconds))):
            print(
                f"  {title} of {RUNS} runs: {1e3 * value:.2f} ms per sample, "
                f"{trace.sops / value / 1e6:.0f} million SOP/s"
            )
    return 0
