"""Networks that are at hand through the pass model: pre-trained ones, and public NIR graphs."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.random_networks import random_events
from tests.sim.passes.test_model import assert_golden
from tickless.errors import InputError
from tickless.gen.passes.program import make_program
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.nir.importing import from_nir

GRAPHS = Path(os.environ.get("TICKLESS_DATA", "data")) / "nir"

GIVEN = sorted(path for path in PRETRAINED.glob("*.safetensors") if path.suffixes[:-1] == [])

LEAKS = {"dt": 1e-4, "drop_leak": True, "drop_bias": True, "resolution": 10_000, "floor": -2.0}
GRAPHS_THAT_RUN = {
    "cnn_sinabs": {},
    "scnn_mnist_a": {},
    "lif_norse": LEAKS,
    "lif_rockpool": LEAKS,
    "two_lif_neurons": LEAKS,
}

public = pytest.mark.skipif(not GRAPHS.is_dir(), reason=f"{GRAPHS}: no public NIR graphs")


def check(network: Network, count: int) -> None:
    events = random_events(np.random.default_rng(1), network, count)
    assert_golden(network, [(events, [count // 2])], make_program(network).shape)


@pytest.mark.parametrize("path", GIVEN, ids=lambda path: path.stem)
def test_a_pretrained_network_runs_through_the_engine_that_it_takes(path):
    check(Network.load(path), 60)


@public
@pytest.mark.parametrize("name", GRAPHS_THAT_RUN)
def test_a_public_graph_that_imports_runs_through_the_engine(name):
    check(from_nir(GRAPHS / f"{name}.nir", **GRAPHS_THAT_RUN[name]).network, 60)


@public
def test_a_public_graph_of_too_many_channels_is_refused_with_the_numbers():
    network = from_nir(GRAPHS / "lif_norse_old.nir", **LEAKS).network
    with pytest.raises(InputError, match=r"\(1000, 1, 1\): expected at most \(512, 128, 128\)"):
        make_program(network)
