"""Random networks, with and without shortcuts, in random foldings, cuts, placements and queues
on meshes, built in or loaded at run time: spikes and order stay."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from tests.random_networks import random_network, random_samples
from tests.sim.kinds import CORES, LAYERS, NETWORKS, alive, core_kinds, layer_kinds, network_kinds
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

BUILDS = ((353, 737, 931), (6, 81, 249, 366, 401, 677, 1054))
"""Seeds of the cases of each build: few small designs that are examples of every kind, as
``python -m tests.sim.choose_cases meshes`` finds them; those with many events in one, since all of
a build run until the last one ends."""

LONG_BUILDS = 30
CASES_A_BUILD = 10

SAMPLES = 18
"""More than one round of a core's epochs."""

MOST_SLICES = 3

SLICES = {
    *(f"layer of {count}" for count in range(1, MOST_SLICES + 1)),
    *(f"{sender} to {receiver}" for sender in ("cut", "whole") for receiver in ("cut", "whole")),
    *(f"{part} {place}" for part in ("cut", "whole") for place in ("fork", "join")),
}

KINDS = {
    *LAYERS,
    *NETWORKS,
    "two shortcuts",
    *CORES,
    *SLICES,
    *(f"{kind}, loaded" for kind in LAYERS | CORES | SLICES),
    *(f"{count}, loaded" for count in ("no shortcut", "one shortcut", "two shortcuts")),
    "shortcut of wide weights, loaded",
    "logits that begin elsewhere, loaded",
    *(f"rows: {count}" for count in (1, 2, 3)),
    *(f"queues of {depth}" for depth in (MIN_QUEUE_DEPTH, 4, 9)),
    *(f"credits of {batch}" for batch in ("1", "some", "a queue")),
    "spare tiles",
    "no spare tiles",
    "samples in rows",
    "samples anywhere",
}
"""What a case may be an example of; most of it built in as well as loaded."""

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


def random_network_case(rng, seed):
    """Network and samples that cause a bounded number of events; every third has shortcuts."""
    while True:
        shortcuts = int(rng.integers(1, 3)) if seed % 3 == 2 else 0
        network = random_network(rng, size=8, shortcuts=shortcuts)
        samples = random_samples(rng, network, SAMPLES, in_rows=seed % 2 == 0)
        traces = [engine.run(network, events) for events, _ in samples]
        if sum(layer.events for trace in traces for layer in trace.layers) < MOST_EVENTS:
            return network, samples


def random_case(seed):
    """Network, configuration and samples of a seed; every fourth is loaded at run time."""
    rng = np.random.default_rng(1000 + seed)
    network, samples = random_network_case(rng, seed)
    return network, random_mesh(rng, network, seed % 4 == 1), samples


def kinds(seed):
    """Kinds of which a case is an example; none if a layer of it receives nothing."""
    network, config, samples = random_case(seed)
    if not alive([engine.run(network, events) for events, _ in samples]):
        return set()
    slices = [len(cores) for cores in config.layers]
    cut = ["cut" if count > 1 else "whole" for count in slices]
    found = layer_kinds(network) | core_kinds(config.cores)
    found |= {f"layer of {count}" for count in slices[:-1]}
    found |= {f"{sender} to {receiver}" for sender, receiver in pairwise(cut)}
    found |= {f"{cut[fork]} fork" for fork, _ in config.joins}
    found |= {f"{cut[join]} join" for _, join in config.joins}
    found |= network_kinds(network)
    if config.loadable:
        found |= {f"{kind}, loaded" for kind in found}
    batch = {1: "1", config.queue_depth: "a queue"}.get(config.credit_batch, "some")
    tiles = config.rows * config.columns
    return found | {
        f"rows: {config.rows}",
        f"queues of {config.queue_depth}",
        f"credits of {batch}",
        "spare tiles" if tiles > len(config.cores) else "no spare tiles",
        f"samples {'in rows' if seed % 2 == 0 else 'anywhere'}",
    }


def check_build(seeds):
    cases = [random_case(seed) for seed in seeds]
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
    recordings = simulate(designs, stimuli, loads, stalls=True, seed=seeds[0], optimize=False)
    for seed, case, recording in zip(seeds, cases, recordings, strict=True):
        network, config, samples = case
        traces = [engine.run(network, events, reads) for events, reads in samples]
        comparison = compare(traces, recording.samples)
        assert comparison.agrees, f"case {seed}: {comparison.difference}"
        sops = {core.name: core.values["sops"] for core in recording.counters}
        for layer, cores in enumerate(config.layers[:-1]):
            executed = sum(sops[core.name] for core in cores)
            assert executed == sum(trace.layers[layer].sops for trace in traces)


def test_the_cases_are_examples_of_every_kind():
    found = set().union(*(kinds(seed) for seeds in BUILDS for seed in seeds))
    assert found >= KINDS


@pytest.mark.parametrize("seeds", BUILDS, ids=range(len(BUILDS)))
def test_equal_to_the_golden_model(seeds):
    check_build(seeds)


@pytest.mark.long
@pytest.mark.parametrize("build", range(LONG_BUILDS))
def test_equal_to_the_golden_model_at_length(build):
    check_build(range(build * CASES_A_BUILD, (build + 1) * CASES_A_BUILD))
