"""Random networks as several copies, chains and meshes: each sample as if there was one copy."""

import numpy as np
import pytest

from tests.sim import test_random_meshes, test_random_networks
from tickless.gen.configure import design_factory
from tickless.hw.copies import CopiesConfig
from tickless.sim.compare import compare
from tickless.sim.packets import pack_sample
from tickless.sim.run import simulate
from tickless.sw.integer import engine

CASES = (
    (test_random_networks, 969, 2, 36),  # exits early
    (test_random_networks, 0, 3, 36),
    (test_random_networks, 4, 4, 3),  # with a shortcut, and fewer samples than copies
    (test_random_meshes, 6, 2, 18),
)
"""Generator and seed of a network, copies, samples."""


@pytest.fixture(scope="module")
def recorded():
    """Network, configuration, samples and recording of each case."""
    cases = []
    for generator, seed, copies, count in CASES:
        network, config, samples = generator.random_case(seed)
        cases.append((network, CopiesConfig(config, copies), samples[:count]))
    designs = [design_factory(config, network) for network, config, _ in cases]
    stimuli = [
        [pack_sample(config.cores[0].input_link, *sample) for sample in samples]
        for _, config, samples in cases
    ]
    recordings = simulate(designs, stimuli, stalls=True, seed=1, optimize=False)
    return [(*case, recording) for case, recording in zip(cases, recordings, strict=True)]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_equal_to_the_golden_model(recorded, case):
    network, config, samples, recording = recorded[case]
    margin = config.cores[-1].margin
    assert (margin is None) == (case > 0)
    traces = [engine.run(network, events, reads) for events, reads in samples]
    exits = None
    if margin is not None:
        exits = [engine.run(network, events, (), margin) for events, _ in samples]
        assert any(trace.decision is not None for trace in exits)
    comparison = compare(traces, recording.samples, exits)
    assert comparison.agrees, comparison.difference
    # Links of one copy alone beside input and answers of all, and all of the copies are used.
    links = len(recording.samples[0].links)
    assert [len(sample.links) for sample in recording.samples] == [links] * len(samples)
    passed = {sample.links[1].link.receiver for sample in recording.samples}
    assert len(passed) == min(config.copies, len(samples))


@pytest.mark.parametrize("case", [1, 2, 3])
def test_each_copy_counts_what_its_samples_need(recorded, case):
    network, config, samples, recording = recorded[case]
    cores = len(config.cores) // config.copies
    for copy in range(config.copies):
        mine = recording.counters[copy * cores : (copy + 1) * cores]
        traces = [
            engine.run(network, events, reads) for events, reads in samples[copy :: config.copies]
        ]
        executed = sum(core.values["sops"] for core in mine)
        assert executed == sum(trace.sops for trace in traces)


def test_copies_work_side_by_side():
    """Where a copy takes longer than its events take to come, several take less of it."""
    rng = np.random.default_rng(1)
    network, one, _ = test_random_networks.random_case(0)
    spread = np.indices(network.input_shape).reshape(3, -1).T
    samples = [rng.permutation(spread) for _ in range(12)]
    configs = [one, CopiesConfig(one, 2)]
    stimuli = [pack_sample(one.cores[0].input_link, events) for events in samples]
    single, both = simulate(
        [design_factory(config, network) for config in configs], [stimuli] * 2, optimize=False
    )
    events = sum(map(len, samples))
    assert single.cycles > 2 * events, "the case is one in which the input is not the limit"
    assert both.cycles < 0.6 * single.cycles
