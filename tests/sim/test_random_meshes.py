"""Random networks, with and without shortcuts, in random foldings, cuts, placements and queues
on meshes, built in or loaded at run time: spikes and order stay."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.random_networks import random_network, random_samples
from tickless.gen.configure import design_factory, layer_cores, network_joins
from tickless.gen.cut import cut_layer
from tickless.gen.folding import channel_blocks, choices
from tickless.gen.image import load_image
from tickless.gen.routes import check_routes
from tickless.hw.core.contents import CoreContents
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.fabric.mesh import MeshDesign
from tickless.hw.fabric.receiver import MIN_QUEUE_DEPTH
from tickless.sim.compare import compare
from tickless.sim.loads import Load
from tickless.sim.packets import pack_sample
from tickless.sim.run import simulate
from tickless.sw.integer import engine

CASES_A_BUILD = 10
BUILDS = 3
LONG_BUILDS = 27

SAMPLES = 18
"""More than one round of a core's epochs."""

MOST_SLICES = 3

MOST_EVENTS = 20000
"""Layer events of all samples; random shortcuts may multiply them without end."""


def random_mesh(rng, network, loadable):
    """Folded, cut and placed at random, with queues down to the smallest; loadable ones empty."""
    foldings, slices = [], []
    for layer in network.layers:
        possible = choices(layer)
        single_port = not layer.is_readout and rng.random() < 0.25
        folding = replace(possible[int(rng.integers(len(possible)))], single_port=single_port)
        most = 1 if layer.is_readout else min(MOST_SLICES, layer.output_shape[0])
        slices.append(int(rng.integers(1, most + 1)))
        foldings.append(cut_layer(layer, folding, slices[-1]))
        slices[-1] = min(slices[-1], channel_blocks(layer, foldings[-1]))
    layers = layer_cores(network, foldings, slices, loadable=loadable)
    if loadable:
        layers = tuple(tuple(replace(core, ceil_bits=None) for core in cores) for cores in layers)
    rows = int(rng.integers(1, 4))
    columns = -(-sum(slices) // rows) + int(rng.integers(0, 2))
    tiles = [(row, column) for row in range(1, rows + 1) for column in range(columns)]
    chosen = iter(rng.permutation(len(tiles)))
    places = tuple(tuple(tiles[next(chosen)] for _ in cores) for cores in layers)
    depth = int(rng.choice([MIN_QUEUE_DEPTH, 4, 9]))
    batch = int(rng.integers(1, depth + 1))
    joins = network_joins(network)
    config = MeshConfig(rows, columns, layers, places, depth, batch, joins)
    check_routes(config)
    return config


def empty(core):
    """Contents of a core that are no network's."""
    weights = tuple((0,) * core.edge_depth(index) for index in range(len(core.edges)))
    count = 0 if core.readout else core.output_shape[0]
    logits = core.output_shape[0] if core.initial_logits else 0
    return CoreContents(weights, (1,) * count, (-1,) * count, (7,) * logits)


def designed(network, config):
    """Maker of the design, empty if it is loadable."""
    if config.loadable:
        return partial(MeshDesign, config, [empty(core) for core in config.cores])
    return design_factory(config, network)


def random_case(rng, seed):
    """Network and samples that cause a bounded number of events; every third has shortcuts."""
    while True:
        shortcuts = int(rng.integers(1, 3)) if seed % 3 == 2 else 0
        network = random_network(rng, size=8, shortcuts=shortcuts)
        samples = random_samples(rng, network, SAMPLES, in_rows=seed % 2 == 0)
        traces = [engine.run(network, events) for events, _ in samples]
        if sum(layer.events for trace in traces for layer in trace.layers) < MOST_EVENTS:
            return network, samples


def check_build(first_seed):
    cases = []
    for seed in range(first_seed, first_seed + CASES_A_BUILD):
        rng = np.random.default_rng(1000 + seed)
        network, samples = random_case(rng, seed)
        cases.append((network, random_mesh(rng, network, seed % 4 == 1), samples))
    designs = [designed(network, config) for network, config, _ in cases]
    stimuli = [
        [pack_sample(config.cores[0].input_link, *sample) for sample in samples]
        for _, config, samples in cases
    ]
    loads = [
        [Load(load_image(config, network))] if config.loadable else []
        for network, config, _ in cases
    ]
    assert any(loads)
    recordings = simulate(designs, stimuli, loads, stalls=True, seed=first_seed, optimize=False)
    for index, (case, recording) in enumerate(zip(cases, recordings, strict=True)):
        network, config, samples = case
        traces = [engine.run(network, events, reads) for events, reads in samples]
        comparison = compare(traces, recording.samples)
        assert comparison.agrees, f"case {first_seed + index}: {comparison.difference}"
        sops = {core.name: core.values["sops"] for core in recording.counters}
        for layer, cores in enumerate(config.layers[:-1]):
            executed = sum(sops[core.name] for core in cores)
            assert executed == sum(trace.layers[layer].sops for trace in traces)


@pytest.mark.parametrize("build", range(BUILDS))
def test_equal_to_the_golden_model(build):
    check_build(build * CASES_A_BUILD)


@pytest.mark.long
@pytest.mark.parametrize("build", range(BUILDS, BUILDS + LONG_BUILDS))
def test_equal_to_the_golden_model_at_length(build):
    check_build(build * CASES_A_BUILD)
