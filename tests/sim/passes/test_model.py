"""The pass model gives the golden model's links, whatever the engine's size."""

from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_events, random_network, random_samples, without_saturation
from tickless.gen.passes.program import make_program
from tickless.hw.passes.shape import EngineShape
from tickless.sim.passes.model import ListOverflow, run
from tickless.sw.integer import golden
from tickless.sw.integer.network import Network

SIZES = (1, 2, 3, 8, 16)


def assert_golden(network: Network, samples, shape: EngineShape) -> None:
    program = make_program(network, shape)
    traces = run(program, samples).traces
    for number, ((events, reads), trace) in enumerate(zip(samples, traces, strict=True)):
        expected = golden.run(network, events, reads)
        for layer, mine, its in zip(network.layers, trace.layers, expected.layers, strict=False):
            where = f"recording {number}, {layer.name}"
            np.testing.assert_array_equal(mine.spikes, its.spikes, where)
            np.testing.assert_array_equal(mine.read_positions, its.read_positions, where)
            np.testing.assert_array_equal(mine.membrane, its.membrane, where)
            assert (mine.events, mine.sops) == (its.events, its.sops), where
        np.testing.assert_array_equal(trace.logits, expected.logits)
        np.testing.assert_array_equal(trace.read_logits, expected.read_logits)
        assert trace.readout_events == expected.readout_events
        assert trace.readout_sops == expected.readout_sops
    assert sum(trace.dropped for trace in traces) == sum(
        golden.run(network, events).dropped for events, _ in samples
    )


def engine(rng: np.random.Generator, network: Network) -> EngineShape:
    """Engine that is just large enough in some of its dimensions."""
    widest = max(layer.output_shape[2] for layer in network.layers)
    return EngineShape(
        lanes=int(rng.choice(SIZES)),
        membrane_bits=24,
        weight_words=1 << 16,
        bank_words=int(rng.integers(-(-widest // 3), 40)),
        tiles=1 << 10,
    )


@pytest.mark.parametrize("seed", range(20))
def test_every_list_and_membrane_is_the_golden_models(seed):
    rng = np.random.default_rng(seed)
    network = without_saturation(random_network(rng))
    assert_golden(network, random_samples(rng, network, 4), engine(rng, network))


def without_wide_weights(network: Network, bits: int = 8) -> Network:
    """The network with weights of shortcuts that an engine of 8-bit weights has room for."""
    layers = []
    for layer in network.layers:
        edges = tuple(
            replace(
                edge,
                weight=np.clip(edge.weight, -(1 << bits - 1), (1 << bits - 1) - 1).astype(np.int8),
                weight_bits=min(edge.weight_bits, bits),
            )
            for edge in layer.edges
        )
        layers.append(replace(layer, edges=edges))
    return Network(tuple(layers))


@pytest.mark.parametrize("seed", [101, 102, 107, 112, 114, 115, 117, 118, 120])
def test_a_join_takes_each_event_of_the_fork_before_what_the_longer_path_makes_of_it(seed):
    """These networks spike in most of their layers, but not without end."""
    rng = np.random.default_rng(seed)
    drawn = random_network(rng, layers=1, shortcuts=1 + seed % 2, size=6)
    network = without_saturation(without_wide_weights(drawn))
    events = random_events(rng, network, 12)
    samples = [(events, [0, 3, 12]), (events[:0], []), (events[5:9], [2])]
    assert_golden(network, samples, engine(rng, network))


def test_a_list_that_overflows_is_an_error_with_its_bytes_and_the_room():
    rng = np.random.default_rng(1)
    network = without_saturation(random_network(rng, layers=1))
    program = make_program(network, EngineShape(membrane_bits=24))
    small = replace(program, lists=tuple(replace(area, words=50) for area in program.lists))
    events = np.zeros((100, 3), np.int32)
    with pytest.raises(ListOverflow, match=r"the input: 204 bytes: expected at most 100"):
        run(small, [(events, [])])
    assert len(run(program, [(events, [])]).traces) == 1
