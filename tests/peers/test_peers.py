"""The other frameworks, each in its own environment: what they export is what they run."""

import os
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from tests.docs.pages import ROOT
from tests.peers.comparison import GRAPHS, PEERS, differences
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.integer.network import Network, Provenance
from tickless.sw.nir.importing import from_nir

ROUNDED = 1e-4
"""Share of the spikes that may differ where a framework's own arithmetic rounds."""

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module", params=PEERS)
def peer(request):
    """A framework, and the folder in which it has just written its graphs and spikes."""
    environment = ROOT / "build/peers" / request.param
    written = environment / "written"
    program = ROOT / f"tests/peers/write_{request.param}.py"
    done = subprocess.run(
        [environment / "bin/python", program, GRAPHS / "inputs.npz", written],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return request.param, written


def test_imported_networks_spike_in_time_steps_as_in_their_framework(peer):
    framework, written = peer
    for variant, share in (("exact", 0.0), ("real", ROUNDED)):
        model = from_nir(written / f"{variant}.nir", semantics=framework).checkpoint.model
        for layer, (differing, spikes) in enumerate(
            differences(model, written / f"{variant}.npz"), 1
        ):
            print(f"{framework}, {variant} weights, layer {layer}: {differing} of {spikes} differ")
            assert spikes > 0
            assert differing <= share * spikes


def test_leaky_networks_spike_in_time_steps_as_in_their_framework(peer):
    framework, written = peer
    models = {"modules": Checkpoint.load(written / "leaky.checkpoint.safetensors").model}
    if framework != "sinabs":  # which writes no such graph
        graph = from_nir(written / "leaky.nir", semantics=framework, drop_leak=True)
        models["graph"] = graph.checkpoint.model
    for origin, model in models.items():
        assert model.leaks
        for layer, (differing, spikes) in enumerate(differences(model, written / "leaky.npz"), 1):
            print(f"{framework}, leaky {origin}, layer {layer}: {differing} of {spikes} differ")
            assert spikes > 0
            assert differing <= ROUNDED * spikes


def test_its_modules_become_what_its_graph_becomes(peer):
    framework, written = peer
    for variant in ("exact", "real"):
        graph = from_nir(written / f"{variant}.nir", semantics=framework)
        module = Network.load(written / f"{variant}.safetensors")
        assert (
            replace(module, provenance=Provenance()).hash
            == replace(graph.network, provenance=Provenance()).hash
        )


def test_the_graphs_of_the_tests_are_what_the_frameworks_write(peer):
    framework, written = peer
    kept, new = (
        from_nir(path, semantics=framework)
        for path in (GRAPHS / f"{framework}.nir", written / "exact.nir")
    )
    assert kept.network.hash == new.network.hash
    with np.load(GRAPHS / f"{framework}.npz") as old, np.load(written / "exact.npz") as spikes:
        assert sorted(old) == sorted(spikes)
        for name in old:
            np.testing.assert_array_equal(old[name], spikes[name])
