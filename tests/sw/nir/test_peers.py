"""Graphs that other frameworks wrote, beside what they do there: see graphs/README.md."""

import pytest

from tests.peers.comparison import GRAPHS, PEERS, differences
from tests.sw.integer.test_engine import assert_equal
from tickless.sw.data.catalog import load
from tickless.sw.integer import engine, golden
from tickless.sw.nir.importing import from_nir
from tickless.sw.nir.semantics import FRAMEWORKS

each_peer = pytest.mark.parametrize("peer", PEERS)


@each_peer
def test_an_imported_network_spikes_in_time_steps_as_in_its_framework(peer):
    model = from_nir(GRAPHS / f"{peer}.nir", semantics=peer).checkpoint.model
    for differing, spikes in differences(model, GRAPHS / f"{peer}.npz"):
        assert spikes > 0
        assert differing == 0


@each_peer
def test_with_the_semantics_of_another_framework_it_does_not(peer):
    dt = FRAMEWORKS[peer].dt
    for other in set(PEERS) - {peer}:
        model = from_nir(GRAPHS / f"{peer}.nir", semantics=other, dt=dt).checkpoint.model
        assert any(differing for differing, _ in differences(model, GRAPHS / f"{peer}.npz"))


@each_peer
def test_its_integers_run_through_the_golden_model_as_through_the_engine(peer):
    network = from_nir(GRAPHS / f"{peer}.nir", semantics=peer).network
    events = load("saccades", "test")[0][0].addresses
    trace = golden.run(network, events)
    assert all(len(layer.spikes) for layer in trace.layers)
    assert_equal(engine.run(network, events), trace)
