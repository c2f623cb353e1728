from functools import partial
from importlib.util import find_spec

import pytest
import torch

from tickless.command import main
from tickless.sw.training import benchmark, memory, peers
from tickless.sw.training.neurons import IntegrateAndFire


def test_the_peers_network_is_ours():
    ours = peers.PACKAGES["tickless"]()
    theirs = peers.Peer(partial(IntegrateAndFire, -2.0))
    assert sum(weight.numel() for weight in theirs.parameters()) == 6160
    weights = [*(each.weight for each in theirs.convolutions), theirs.readout.weight]
    for weight, own in zip(weights, ours.chain.weights, strict=True):
        weight.data.copy_(own.data.reshape(weight.shape))
    frames = torch.poisson(torch.full((10, 3, 2, 34, 34), 0.5))
    torch.testing.assert_close(theirs(frames), ours(frames))


def test_prints_what_is_there_and_names_what_is_not(capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "RUNS", 1)
    monkeypatch.setattr(memory, "keep_freed_memory", lambda: None)
    monkeypatch.setitem(peers.PACKAGES, "snntorch", partial(absent, "snntorch"))
    assert main(["bench", "training"]) == 0
    printed = capsys.readouterr().out
    assert "snntorch: left out: No module named 'snntorch'" in printed
    assert "tickless over it 1.00" in printed


def absent(name):
    raise ModuleNotFoundError(f"No module named {name!r}")


def test_a_package_that_is_not_there_is_left_out():
    if find_spec("spikingjelly"):
        pytest.skip("spikingjelly is installed")
    with pytest.raises(ImportError):
        peers.PACKAGES["spikingjelly"]()
