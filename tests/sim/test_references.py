"""References: the same from the golden model and from what is kept of it, and new where anything
is that they follow from."""

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.sim import references
from tickless.sw.checkpoint_file import CheckpointFile
from tickless.sw.data.catalog import load
from tickless.sw.data.events import UNLABELLED, Events
from tickless.sw.integer import engine, golden
from tickless.sw.integer.network import PRETRAINED, Network


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(references, "REFERENCES", tmp_path / "references")
    return tmp_path / "references"


def recording(seed, network):
    addresses = random_events(np.random.default_rng(seed), network, 40)
    channel, y, x = (np.ascontiguousarray(column) for column in addresses.T)
    return Events(channel, y, x, np.arange(len(addresses)), network.input_shape)


def assert_equal(trace, expected):
    for field in fields(expected):
        if field.name != "layers":
            assert np.array_equal(getattr(trace, field.name), getattr(expected, field.name))
    for layer, own in zip(trace.layers, expected.layers, strict=True):
        for field in fields(own):
            one, other = getattr(layer, field.name), getattr(own, field.name)
            assert np.array_equal(one, other)
            assert getattr(one, "dtype", int) == getattr(other, "dtype", int)


@pytest.mark.parametrize("margin", [None, 1, 10**6])
@pytest.mark.parametrize("seed", range(3))
def test_a_kept_trace_is_the_golden_models(seed, margin, folder, monkeypatch):
    rng = np.random.default_rng(seed)
    drawn = (random_network(rng, size=8, layers=2) for _ in range(100))
    network = next(network for network in drawn if network.classes > 1)
    events = recording(seed, network)
    expected = golden.run(network, events.addresses, (), margin)
    assert_equal(references.golden_trace(network, events, margin), expected)
    monkeypatch.delattr(golden, "run")
    assert_equal(references.golden_trace(network, events, margin), expected)
    assert len(list(folder.iterdir())) == 1


def test_a_trace_is_kept_for_these_sources_network_events_and_margin_alone(folder, monkeypatch):
    network = random_network(np.random.default_rng(0), size=8, layers=2)
    other = random_network(np.random.default_rng(1), size=8, layers=2)
    events = recording(0, network)
    references.golden_trace(network, events, None)
    references.golden_trace(other, events, None)
    references.golden_trace(network, recording(1, network), None)
    references.golden_trace(network, events, 1)
    assert len(list(folder.iterdir())) == 4
    monkeypatch.setattr(references, "source_key", lambda patterns: "other sources")
    references.golden_trace(network, events, None)
    assert len(list(folder.iterdir())) == 5


@pytest.fixture
def trained():
    path = PRETRAINED / "saccades.safetensors"
    part = load("saccades", "test")
    recordings = [part.make(key) for key in part.keys[:3]]
    network = Network.load(path)
    traces = [engine.run(network, events.addresses) for events in recordings]
    checkpoint = CheckpointFile.beside(path)
    assert checkpoint is not None
    return checkpoint, network, recordings, list(part.labels[:3]), traces


@pytest.mark.parametrize("module", ["sim/float_network.py", "sim/references.py"])
def test_a_reference_follows_from_what_makes_it(module):
    """Of `sim`, too: one that an older program kept is not taken."""
    assert module in references.SOURCES


def test_what_the_float_network_makes_of_samples_is_kept(trained, folder, monkeypatch):
    made = references.float_reference(*trained)
    monkeypatch.delattr(CheckpointFile, "load")
    kept = references.float_reference(*trained)
    assert made.classes is not None
    assert made.spike_difference is not None
    # As JSON has them: lists.
    assert kept.classes == made.classes
    assert kept.spike_difference == [list(pair) for pair in made.spike_difference]
    assert kept.right_in_steps == made.right_in_steps
    checkpoint, *rest = trained
    with pytest.raises(AttributeError, match="load"):
        references.float_reference(CheckpointFile(checkpoint.path, b"another"), *rest)


def test_samples_without_labels_are_not_right_in_steps(trained):
    checkpoint, network, recordings, _, traces = trained
    labels = [UNLABELLED] * len(recordings)
    made = references.float_reference(checkpoint, network, recordings, labels, traces)
    assert made.right_in_steps is None


def test_a_repeated_run_needs_no_pytorch():
    modules = "tickless.sim.run_samples, tickless.sw.data.nmnist, tickless.sw.data.saccades"
    script = f"import sys, {modules}; print('torch' in sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert loaded.stdout.strip() == "False"
