"""Speed of the fast engine on one core, in processor time: ``python -m sw.benchmark``."""

from time import thread_time

import numpy as np

from sw.engine import Engine
from sw.geometry import LayerSpec, chain
from sw.layer import Layer
from sw.network import Network

__all__ = ["main", "synthetic_network"]

EVENTS = 4000
RUNS = 101
THRESHOLDS = (40, 90, 250)
"""Thresholds that keep the layers at 8,000 to 11,000 spikes a sample, as trained networks do."""


def synthetic_network() -> Network:
    """Network 2-8-16-32-10 on 34x34 pixels, every convolution of stride 2, with random weights."""
    rng = np.random.default_rng(1)
    specs = [LayerSpec("conv2d", channels, 3, stride=2, padding=1) for channels in (8, 16, 32)]
    geometries = chain((2, 34, 34), [*specs, LayerSpec("readout", 10)])
    layers = []
    for index, geometry in enumerate(geometries):
        weight = rng.integers(-20, 28, geometry.weight_shape).astype(np.int8)
        spiking = index < len(THRESHOLDS)
        size = geometry.output_shape[0] if spiking else 0
        threshold = np.full(size, THRESHOLDS[index] if spiking else 0, np.int32)
        bits = 12 if spiking else 32
        layers.append(Layer(f"layer{index}", geometry, weight, 8, threshold, -threshold, bits))
    return Network(tuple(layers))


def main() -> None:
    """Print events, synaptic operations and the engine's speed."""
    rng = np.random.default_rng(0)
    events = rng.integers(0, (2, 34, 34), (EVENTS, 3)).astype(np.int32)
    engine = Engine(synthetic_network())
    trace = engine.run(events)
    seconds = []
    for _ in range(RUNS):
        start = thread_time()
        engine.run(events)
        seconds.append(thread_time() - start)
    arriving = [*(layer.events for layer in trace.layers), trace.readout_events]
    print(f"events into each layer: {arriving}")
    print(f"synaptic operations per sample: {trace.sops}")
    for name, value in (("median", float(np.median(seconds))), ("best", min(seconds))):
        print(
            f"{name} of {RUNS} runs: {1e3 * value:.2f} ms per sample, "
            f"{trace.sops / value / 1e6:.0f} million SOP/s"
        )


if __name__ == "__main__":
    main()
