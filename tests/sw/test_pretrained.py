from pathlib import Path

import numpy as np
import pytest

from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data import cifar10saccades, nmnist
from tickless.sw.data.catalog import load
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.judge.evaluate import score_events
from tickless.sw.quantization.quantize import quantize
from tickless.sw.quantization.rule import Quantization

NAMES = sorted(path.name.split(".")[0] for path in PRETRAINED.glob("*.checkpoint.safetensors"))

LEAST = {
    "saccades": 0.95,
    "nmnist": 0.98,
    "nmnist-4bit": 0.97,
    "nmnist-early": 0.97,
    "nmnist-small": 0.96,
    "nmnist-paper": 0.98,
    "cifar10saccades": 0.45,
}
"""Accuracy of the integer network, on few samples."""

MOST_EVENTS = {"cifar10saccades": 250_000}
"""Into the busiest layer, where it is not 9,000: those of the recording are."""

MOST_SOPS = {"cifar10saccades": 40e6}
"""A sample, where it is not 1.2 million."""


def _files(dataset: str) -> Path | None:
    """Where a data set's recordings lie, or what they are made from; None if it needs none."""
    if dataset == "nmnist":
        return nmnist.folder() / "Test"  # a download that failed leaves an empty folder above it
    return cifar10saccades.path() if dataset == "cifar10saccades" else None


@pytest.mark.parametrize("name", NAMES)
def test_network_is_its_checkpoint_quantized(name):
    network = Network.load(PRETRAINED / f"{name}.safetensors")
    checkpoint = Checkpoint.load(PRETRAINED / f"{name}.checkpoint.safetensors")
    assert network.provenance.dataset == checkpoint.dataset == name.split("-")[0]
    assert network.provenance.method == "mtt"
    rounding = checkpoint.model.quantization or Quantization()
    again = quantize(checkpoint.model, rounding.weight_bits, rounding.resolution)
    assert again.logit_scale == network.logit_scale
    for mine, stored in zip(again.layers, network.layers, strict=True):
        for edge, same in zip(mine.edges, stored.edges, strict=True):
            assert edge.geometry == same.geometry
            assert np.array_equal(edge.weight, same.weight)
        assert mine.membrane_bits == stored.membrane_bits
        for part in ("threshold", "floor"):
            assert np.array_equal(getattr(mine, part), getattr(stored, part))
    assert {"time_stepped", "float_events", "integer"} <= set(network.provenance.accuracies)


@pytest.mark.parametrize("name", NAMES)
def test_network_is_good_and_sparse(name):
    dataset = name.split("-")[0]
    files = _files(dataset)
    if files is not None and not files.exists():
        pytest.skip(f"no {files}: set TICKLESS_DATA")
    network = Network.load(PRETRAINED / f"{name}.safetensors")
    score = score_events(network, load(dataset, "test").evenly(100))
    assert score.accuracy >= LEAST[name]
    assert max(score.events) <= MOST_EVENTS.get(name, 9_000)
    assert score.sops <= MOST_SOPS.get(name, 1.2e6)
