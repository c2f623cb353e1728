"""Random networks, foldings and samples through the RTL, equal to the golden model to the bit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_network, random_samples
from tickless.gen.configure import chain_config, design_factory
from tickless.gen.folding import choices
from tickless.sim.compare import compare
from tickless.sim.packets import pack_sample
from tickless.sim.run import simulate
from tickless.sw.integer import engine

NETWORKS_A_BUILD = 10
BUILDS = 4
LONG_BUILDS = 46

MOST_EVENTS = 20000
"""Layer events of all samples; random shortcuts may multiply them without end."""

SAMPLES = 36
"""More than two rounds of a core's epochs, so that each run passes two clearing sweeps."""


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
        leads = [np.diff(np.sort(trace.logits)[-2:]).item() for trace in traces]
        margin = 1 + int(rng.integers(1 + max(leads) // 3))
        samples = [(events, ()) for events, _ in samples]
    fast_clock = bool(rng.integers(2))
    return network, chain_config(network, foldings, margin, fast_clock=fast_clock), samples


def check_build(first_seed):
    """Run and compare the cases of one build; returns the number of samples decided early."""
    cases = [random_case(seed) for seed in range(first_seed, first_seed + NETWORKS_A_BUILD)]
    designs = [design_factory(config, network) for network, config, _ in cases]
    stimuli = [
        [pack_sample(config.cores[0].input_link, *sample) for sample in samples]
        for _, config, samples in cases
    ]
    recordings = simulate(designs, stimuli, stalls=True, seed=first_seed, optimize=False)
    decided = 0
    for index, (case, recording) in enumerate(zip(cases, recordings, strict=True)):
        network, config, samples = case
        traces = [engine.run(network, events, reads) for events, reads in samples]
        margin = config.cores[-1].margin
        exits = None
        if margin is not None:
            exits = [engine.run(network, events, (), margin) for events, _ in samples]
            decided += sum(trace.decision is not None for trace in exits)
        comparison = compare(traces, recording.samples, exits)
        assert comparison.agrees, f"network {first_seed + index}: {comparison.difference}"
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


@pytest.mark.parametrize("build", range(BUILDS))
def test_equal_to_the_golden_model(build):
    assert check_build(build * NETWORKS_A_BUILD) > 0


@pytest.mark.long
@pytest.mark.parametrize("build", range(BUILDS, BUILDS + LONG_BUILDS))
def test_equal_to_the_golden_model_at_length(build):
    check_build(build * NETWORKS_A_BUILD)
