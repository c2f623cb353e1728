import hashlib
import json
import re

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.gen.activity import measure_activity
from tickless.gen.configure import chain_config, layer_cores
from tickless.gen.cut import cut_layer
from tickless.gen.emit import emit
from tickless.gen.folding import fold_fully
from tickless.gen.image import load_image
from tickless.gen.manifest import MANIFEST_VERSION
from tickless.gen.place import place


@pytest.fixture
def network():
    return random_network(np.random.default_rng(5))


def test_verilog_and_manifest_belong_together(network, tmp_path):
    config = chain_config(network, fold_fully(network))
    design, description, *_ = emit(network, config, tmp_path)
    manifest = json.loads(description.read_text())
    text = design.read_text()
    assert manifest["manifest_version"] == MANIFEST_VERSION
    assert manifest["verilog_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert manifest["network"]["hash"] == network.hash
    assert [layer["name"] for layer in manifest["layers"]] == [
        layer.name for layer in network.layers
    ]
    for entry, layer in zip(manifest["layers"], network.layers, strict=True):
        assert entry.get("reset", "subtract") == layer.reset
        assert entry.get("initial_logits", []) == layer.initial_logits.tolist()
        for described, edge in zip(entry["edges"], layer.edges, strict=True):
            assert described["weight_bits"] == edge.weight_bits
            for name in ("kernel", "stride", "padding", "dilation"):
                assert described[name] == list(getattr(edge.geometry, name))
    assert len(manifest["links"]) == len(network.layers) + 1
    ports = re.search(r"module tickless \((.*?)\);", text, re.DOTALL)
    assert ports is not None
    for name in ("i__payload", "i__valid", "i__ready", "o__payload", "o__valid", "o__ready"):
        assert name in ports[1]
    width = max(field["offset"] + field["bits"] for field in manifest["links"][0]["fields"])
    assert re.search(rf"input \[{width - 1}:0\] i__payload", text)


def test_manifest_of_a_mesh(network, tmp_path):
    layer = network.layers[0]
    foldings = [cut_layer(layer, fold_fully(network)[0], 2), *fold_fully(network)[1:]]
    slices = [2] + [1] * (len(foldings) - 1)
    config = place(2, 3, layer_cores(network, foldings, slices, loadable=True), [], {})
    events = random_events(np.random.default_rng(0), network, 50)
    _, description, *_, image = emit(
        network, config, tmp_path, measure_activity(network, [events]), network
    )
    assert image.read_bytes() == load_image(config, network).tobytes()
    manifest = json.loads(description.read_text())
    cores = manifest["layers"][0]["cores"]
    assert [core["first_channel"] for core in cores] == [0, cores[0]["channels"]]
    assert sum(core["channels"] for core in cores) == layer.output_shape[0]
    mesh = manifest["mesh"]
    assert (mesh["rows"], mesh["columns"], mesh["host"]) == (2, 3, {"row": 0, "column": 0})
    assert [tile["core"] for tile in mesh["tiles"]] == [core.name for core in config.cores]
    assert sum(field["bits"] for field in mesh["flit"]) == config.flit.layout.size
    into = {
        (link["row"], link["column"]): link for link in mesh["traffic"] if link["port"] == "local"
    }
    for place_of_slice in config.places[0]:
        assert into[place_of_slice]["packets_per_sample"] > 40


def test_the_same_network_gives_the_same_verilog(network, tmp_path):
    config = chain_config(network, fold_fully(network))
    first, *_ = emit(network, config, tmp_path / "a")
    second, *_ = emit(network, config, tmp_path / "b")
    assert first.read_text() == second.read_text()
