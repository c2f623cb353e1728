"""The batch engine equals the golden model, whatever the batch."""

from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.sw.integer import batch_engine, batch_layer, golden
from tickless.sw.integer.batch_engine import BatchEngine
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace


def assert_equal(found: SampleTrace, expected: SampleTrace) -> None:
    for mine, its in zip(found.layers, expected.layers, strict=True):
        np.testing.assert_array_equal(mine.spikes, its.spikes)
        assert mine.spikes.dtype == its.spikes.dtype
        np.testing.assert_array_equal(mine.membrane, its.membrane)
        assert (mine.events, mine.sops) == (its.events, its.sops)
    np.testing.assert_array_equal(found.logits, expected.logits)
    counts = ("readout_events", "readout_sops", "saturations", "dropped", "class_index", "sops")
    for name in counts:
        assert getattr(found, name) == getattr(expected, name), name


def assert_golden(network: Network, recordings: list[np.ndarray]) -> None:
    traces = BatchEngine(network).run(recordings)
    for events, trace in zip(recordings, traces, strict=True):
        assert_equal(trace, golden.run(network, events))


@pytest.mark.parametrize("seed", range(25))
def test_every_recording_of_a_batch_is_the_golden_models(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    sizes = (120, 0, 7, int(rng.integers(1, 60)))
    assert_golden(network, [random_events(rng, network, size) for size in sizes])


@pytest.mark.parametrize("seed", [101, 102, 107, 112, 114, 115, 117, 118, 120])
def test_shortcuts_are_the_golden_models(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, layers=1, shortcuts=1 + seed % 2, size=6)
    assert_golden(network, [random_events(rng, network, size) for size in (12, 0, 8)])


def test_spikes_of_several_gatherings_are_in_order(monkeypatch):
    monkeypatch.setattr(batch_layer, "GATHERED", 100)
    rng = np.random.default_rng(4)
    network = random_network(rng)
    assert_golden(network, [random_events(rng, network, size) for size in (150, 90)])


def test_a_stream_is_cut_into_batches_of_so_many_events(monkeypatch):
    monkeypatch.setattr(batch_engine, "EVENTS_AT_ONCE", 20)
    rng = np.random.default_rng(4)
    network = random_network(rng)
    recordings = [random_events(rng, network, size) for size in (8, 8, 8, 30, 0, 5)]
    engine, batches = BatchEngine(network), []
    run = engine.run
    monkeypatch.setattr(engine, "run", lambda part: batches.append(len(part)) or run(part))
    traces = list(engine.stream(iter(recordings)))
    assert batches == [2, 1, 1, 2]
    for events, trace in zip(recordings, traces, strict=True):
        assert_equal(trace, golden.run(network, events))


def test_a_logit_that_saturates_does_so_in_each_recording():
    rng = np.random.default_rng(8)
    network = random_network(rng, layers=1)
    readout = network.layers[-1]
    initial = np.full(network.classes, (1 << 31) - 2, np.int32)
    layers = (*network.layers[:-1], replace(readout, initial_logits=initial))
    saturating = Network(layers)
    recordings = [random_events(rng, saturating, 100, outside=0) for _ in range(2)]
    assert golden.run(saturating, recordings[0]).saturations
    assert_golden(saturating, recordings)


def test_no_recordings_give_no_traces():
    assert BatchEngine(random_network(np.random.default_rng(1))).run([]) == []


def test_events_of_another_form_are_refused():
    engine = BatchEngine(random_network(np.random.default_rng(1)))
    with pytest.raises(ValueError, match=r"events: expected int32 \(n, 3\)"):
        engine.run([np.zeros((4, 2), np.int32)])
