from pathlib import Path

import numpy as np
import pytest

import sw
from gen.quantize import quantize
from sw.checkpoint import Checkpoint
from sw.data import nmnist
from sw.data.catalog import load
from sw.evaluate import score_events
from sw.network import Network

FOLDER = Path(sw.__file__).parent / "pretrained"


@pytest.mark.parametrize("dataset", ["saccades", "nmnist"])
def test_network_is_its_checkpoint_quantized(dataset):
    network = Network.load(FOLDER / f"{dataset}.safetensors")
    checkpoint = Checkpoint.load(FOLDER / f"{dataset}.checkpoint.safetensors")
    assert network.provenance.dataset == checkpoint.dataset == dataset
    assert network.provenance.method == "mtt"
    again = quantize(checkpoint.model)
    assert again.logit_scale == network.logit_scale
    for mine, stored in zip(again.layers, network.layers, strict=True):
        assert mine.geometry == stored.geometry
        assert mine.membrane_bits == stored.membrane_bits
        for name in ("weight", "threshold", "floor"):
            assert np.array_equal(getattr(mine, name), getattr(stored, name))
    assert {"time_stepped", "float_events", "integer"} <= set(network.provenance.accuracies)


@pytest.mark.parametrize(("dataset", "samples"), [("saccades", 100), ("nmnist", 70)])
def test_network_is_good_and_sparse(dataset, samples):
    if dataset == "nmnist" and not list(nmnist.folder().glob("Test/*/*.bin")):
        pytest.skip(f"no recordings in {nmnist.folder()}: set TICKLESS_DATA")
    network = Network.load(FOLDER / f"{dataset}.safetensors")
    score = score_events(network, load(dataset, "test")[:samples])
    assert score.accuracy >= 0.95
    assert max(score.events) <= 9_000
    assert score.sops <= 1.5e6
