"""Random networks, foldings and samples through the RTL, equal to the golden model to the bit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_network, random_samples
from tests.sim.kinds import CORES, LAYERS, NETWORKS, alive, core_kinds, layer_kinds, network_kinds
from tickless.gen.configure import chain_config, design_factory
from tickless.gen.folding import choices
from tickless.sim.compare import compare
from tickless.sim.packets import pack_sample
from tickless.sim.run import simulate
from tickless.sw.integer import engine

BUILDS = ((567, 944, 969, 1051), (0, 67, 403, 678, 834, 859))
"""Seeds of the cases of each build: few small networks that are examples of every kind, as
``python -m tests.sim.choose_cases networks`` finds them; most of those with many events in
one, since all of a build run until the last one ends; one that exits early in each."""

LONG_BUILDS = 50
CASES_A_BUILD = 10

MOST_EVENTS = 20000
"""Layer events of all samples; random shortcuts may multiply them without end."""

SAMPLES = 36
"""More than two rounds of a core's epochs, so that each run passes two clearing sweeps."""

KINDS = {
    *LAYERS,
    *NETWORKS,
    *CORES,
    *(f"{clocks}, {end}" for clocks in ("one clock", "two clocks") for end in ("exit", "no exit")),
    "shortcut, exit",
    "exit that is early",
    "exit that is not early",
    "samples in rows",
    "samples anywhere",
}
"""What a case may be an example of."""


def random_case(seed):
    """Network, every fifth with a shortcut, a folding, early exit in some, and samples."""
    rng = np.random.default_rng(seed)
    while True:
        network = random_network(rng, size=8, shortcuts=int(seed % 5 == 4))
        samples = random_samples(rng, network, SAMPLES, in_rows=seed % 2 == 0)
        traces = [engine.run(network, events) for events, _ in samples]
        if sum(layer.events for trace in traces for layer in trace.layers) < MOST_EVENTS:
            break
    foldings = []
    for layer in network.layers:
        possible = choices(layer)
        two = [possible[index] for index in rng.integers(len(possible), size=2)]
        single_port = not layer.is_readout and rng.random() < 0.25
        foldings.append(replace(min(two, key=lambda f: f.updates), single_port=single_port))
    margin = None
    if seed % 2 and network.classes > 1:
        # Logits that begin near saturation lie further apart than 32 bits tell.
        logits = [np.sort(trace.logits.astype(np.int64)) for trace in traces]
        leads = [int(sorted_[-1] - sorted_[-2]) for sorted_ in logits]
        margin = 1 + int(rng.integers(1 + max(leads) // 3))
        samples = [(events, ()) for events, _ in samples]
    fast_clock = bool(rng.integers(2))
    return network, chain_config(network, foldings, margin, fast_clock=fast_clock), samples


def early_exits(network, config, samples):
    """Traces with early exit; None for a network without it."""
    margin = config.cores[-1].margin
    if margin is None:
        return None
    return [engine.run(network, events, (), margin) for events, _ in samples]


def kinds(seed):
    """Kinds of which a case is an example; none if a layer of it receives nothing."""
    network, config, samples = random_case(seed)
    if not alive([engine.run(network, events) for events, _ in samples]):
        return set()
    found = layer_kinds(network) | network_kinds(network) | core_kinds(config.cores)
    found.add(f"samples {'in rows' if seed % 2 == 0 else 'anywhere'}")
    clocks = "two clocks" if config.cores[0].fast_clock else "one clock"
    exits = early_exits(network, config, samples)
    if exits is None:
        return found | {f"{clocks}, no exit"}
    early = any(trace.decision is not None for trace in exits)
    if "one shortcut" in found:
        found.add("shortcut, exit")
    return found | {f"{clocks}, exit", f"exit that is {'early' if early else 'not early'}"}


def check_build(seeds):
    """Run and compare the cases of one build; returns the number of samples decided early."""
    cases = [random_case(seed) for seed in seeds]
    designs = [design_factory(config, network) for network, config, _ in cases]
    stimuli = [
        [pack_sample(config.cores[0].input_link, *sample) for sample in samples]
        for _, config, samples in cases
    ]
    recordings = simulate(designs, stimuli, stalls=True, seed=seeds[0], optimize=False)
    decided = 0
    for seed, case, recording in zip(seeds, cases, recordings, strict=True):
        network, _, samples = case
        traces = [engine.run(network, events, reads) for events, reads in samples]
        exits = early_exits(*case)
        decided += sum(trace.decision is not None for trace in exits or ())
        comparison = compare(traces, recording.samples, exits)
        assert comparison.agrees, f"network {seed}: {comparison.difference}"
        counters = [core.values for core in recording.counters]
        if exits is not None:
            for number, values in enumerate(counters[:-1]):
                needed = sum(trace.layers[number].sops for trace in exits)
                assert needed <= values["sops"]
            continue
        assert counters[0]["dropped"] == sum(trace.dropped for trace in traces)
        for number, values in enumerate(counters[:-1]):
            assert values["sops"] == sum(trace.layers[number].sops for trace in traces)
    return decided


def test_the_cases_are_examples_of_every_kind():
    found = set().union(*(kinds(seed) for seeds in BUILDS for seed in seeds))
    assert found >= KINDS


@pytest.mark.parametrize("seeds", BUILDS, ids=range(len(BUILDS)))
def test_equal_to_the_golden_model(seeds):
    assert check_build(seeds) > 0


@pytest.mark.long
@pytest.mark.parametrize("build", range(LONG_BUILDS))
def test_equal_to_the_golden_model_at_length(build):
    check_build(range(build * CASES_A_BUILD, (build + 1) * CASES_A_BUILD))
