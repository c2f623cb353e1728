"""Speed of the fast engine on one core, in processor time."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from time import thread_time

import numpy as np

from tickless.errors import InputError
from tickless.progress import bar, stage
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries

__all__ = ["add_options", "layer_speed", "main", "synthetic_network"]

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

LARGE_LAYERS = ((64, 128, 32), (128, 256, 16), (256, 512, 8), (512, 512, 4))
"""Input channels, output channels, height and width: layers as VGGSNN has them."""
LARGE_EVENTS = 20_000
LARGE_RUNS = 11


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
    """Print events, synaptic operations and the engine's speed on each network and layer."""
    with stage("loading the engine"):
        from tickless.sw.integer.engine import Engine
        from tickless.sw.integer.loop_nest import compiled_loop_nest
    rng = np.random.default_rng(0)
    events = rng.integers(0, (2, 34, 34), (EVENTS, 3)).astype(np.int32)
    for name, convolutions in CONVOLUTIONS.items():
        with stage("compiling the engine"):
            engine = Engine(synthetic_network(convolutions))
            trace = engine.run(events)
        [seconds] = _alternate(name, RUNS, partial(engine.run, events))
        arriving = [*(layer.events for layer in trace.layers), trace.readout_events]
        print(f"{name}: events into each layer {arriving}, {trace.sops:,} synaptic operations")
        for title, value in (("median", float(np.median(seconds))), ("best", min(seconds))):
            print(
                f"  {title} of {RUNS} runs: {1e3 * value:.2f} ms per sample, "
                f"{trace.sops / value / 1e6:.0f} million SOP/s"
            )
    try:
        loop_nest = compiled_loop_nest()
    except InputError as error:
        print(f"loop nest in C left out: {error}")
        loop_nest = None
    for shape in LARGE_LAYERS:
        print(layer_speed(*shape, LARGE_EVENTS, LARGE_RUNS, loop_nest))
    return 0


def layer_speed(
    inputs: int,
    outputs: int,
    size: int,
    events: int,
    runs: int,
    loop_nest: Callable[..., int] | None = None,
) -> str:
    """Line on the speed of a 3x3 layer with random weights, beside the loop nest in C, if any.

    Parameters
    ----------
    inputs, outputs, size : int
        Channels, and height and width of the map.
    events, runs : int
        Random events of a run; runs of the engine and the loop nest, in turn.
    loop_nest : callable or None
        Of `sw.integer.loop_nest.compiled_loop_nest`.
    """
    from tickless.sw.integer.loop_nest import LoopNest
    from tickless.sw.integer.spiking_layer import SpikingLayer

    rng = np.random.default_rng(0)
    [geometry] = layer_geometries(
        (inputs, size, size), [LayerSpec("conv2d", outputs, 3, padding=1)]
    )
    weight = np.clip(np.rint(rng.normal(0, 32, geometry.weight_shape)), -128, 127).astype(np.int8)
    threshold = np.full(outputs, 1000, np.int32)
    sent = rng.integers(0, (inputs, size, size), (events, 3)).astype(np.int32)
    layer = SpikingLayer([(geometry, weight)], threshold, -threshold, 2047)
    name = f"{inputs} to {outputs} channels, 3x3, {size}x{size}"
    with stage("compiling the engine"):
        trace = layer.run(sent)
    works: list[Callable[[], object]] = [partial(layer.run, sent)]
    if loop_nest:
        nest = LoopNest(loop_nest, geometry, weight, threshold, -threshold, 2047)
        works.append(partial(nest.run, sent, np.empty_like(trace.spikes)))
    engine, *in_c = (trace.sops / np.median(t) / 1e9 for t in _alternate(name, runs, *works))
    line = f"{name}: {events} events, {len(trace.spikes)} spikes, {engine:.2f} GSOP/s"
    return line + "".join(f"; in C {speed:.2f}, ratio {engine / speed:.2f}" for speed in in_c)


def _alternate(name: str, runs: int, *works: Callable[[], object]) -> list[list[float]]:
    """Processor time in seconds of each run of each work; they take turns."""
    seconds = [[] for _ in works]
    for _ in bar(range(runs), name, "run"):
        for work, taken in zip(works, seconds, strict=True):
            start = thread_time()
            work()
            taken.append(thread_time() - start)
    return seconds
