"""Public graphs, each with its outcome: what it became, or why it is refused."""

import os
from pathlib import Path

import pytest

from tickless.sw.data.catalog import load
from tickless.sw.judge.evaluate import score_events
from tickless.sw.nir.importing import from_nir
from tickless.sw.nir.reading import GraphError
from tickless.sw.quantization.diagnosis import QuantizationWarning

GRAPHS = Path(os.environ.get("TICKLESS_DATA", "data")) / "nir"

pytestmark = pytest.mark.skipif(
    not GRAPHS.is_dir(), reason=f"{GRAPHS}: no public NIR graphs; TICKLESS_DATA names their folder"
)

REFUSED = {
    "braille_recurrent_bias": "recurrence: lif1.lif -> lif1.w_rec",
    "braille_recurrent_subgraph": "recurrence: lif1.lif1 -> lif1.lin",
    "feedback_graph": "recurrence: feedback_ir -> state_weights",
    "lif_norse": r"node '1' \(LIF\): .*the file does not know dt",
    "lif_norse_old": r"node 'lif' \(LIF\): .*the file does not know dt",
    "lif_rockpool": r"node '1_LIFNeuronTorch' \(LIF\): .*the file does not know dt",
    "two_lif_neurons": r"node 'lif1' \(LIF\): .*the file does not know dt",
    "scnn_mnist_b": r"node '4' \(SumPool2d\): kernel_size = \(2, 2\), stride = \(1, 1\)",
}

LEAKY = {
    "lif_norse": "leaks with tau = 0.0025 s",
    "lif_norse_old": "leaks with tau = 0.0025 s",
    "lif_rockpool": "leaks with tau = 0.0025 s",
    "two_lif_neurons": "v_leak = 1.2 drives it without events",
}

LAYERS = ["conv2d", "conv2d", "conv2d", "linear", "linear", "readout"]


def test_each_graph_has_an_outcome():
    known = {*REFUSED, "cnn_sinabs", "scnn_mnist_a"}
    assert {path.stem for path in GRAPHS.glob("*.nir")} == known


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_reason(name):
    with pytest.raises(GraphError, match=REFUSED[name]):
        from_nir(GRAPHS / f"{name}.nir")


@pytest.mark.parametrize("name", LEAKY)
def test_leaky_ones_are_imported_without_their_leak(name):
    path = GRAPHS / f"{name}.nir"
    with pytest.raises(GraphError, match=LEAKY[name]):
        from_nir(path, dt=1e-4)
    imported = from_nir(path, dt=1e-4, drop_leak=True, drop_bias=True, resolution=100_000)
    row = next(row for row in imported.rows if row.kind == "LIF")
    assert not row.exact
    assert imported.checkpoint.record["nir"]["dt"] == 1e-4


def test_gains_that_leave_nothing_of_the_weights_are_a_warning_that_says_what_helps():
    path = GRAPHS / "two_lif_neurons.nir"
    with pytest.warns(QuantizationWarning, match=r"node 'lif\d': .* units, .*--resolution"):
        coarse = from_nir(path, dt=1e-4, drop_leak=True, drop_bias=True).network
    fine = from_nir(path, dt=1e-4, drop_leak=True, drop_bias=True, resolution=100_000).network
    assert not coarse.layers[1].edges[0].weight.any()
    assert all(layer.edges[0].weight.any() for layer in fine.layers)


@pytest.mark.parametrize("name", ["cnn_sinabs", "scnn_mnist_a"])
def test_the_nir_papers_network(name):
    imported = from_nir(GRAPHS / f"{name}.nir")
    assert [layer.kind for layer in imported.network.layers] == LAYERS
    assert all(row.exact for row in imported.rows)
    # What the first floor by itself gives; the command finds a better one on recordings.
    assert score_events(imported.network, load("nmnist", "test")).accuracy >= 0.985
