import hashlib
import json
import re

import numpy as np
import pytest

from gen.configure import design_config
from gen.emit import emit, main
from gen.fold import fold_fully
from gen.manifest import MANIFEST_VERSION
from tests.networks import random_network


@pytest.fixture
def network():
    return random_network(np.random.default_rng(5))


def test_verilog_and_manifest_belong_together(network, tmp_path):
    config = design_config(network, fold_fully(network))
    design, description = emit(network, config, tmp_path)
    manifest = json.loads(description.read_text())
    text = design.read_text()
    assert manifest["manifest_version"] == MANIFEST_VERSION
    assert manifest["verilog_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert manifest["network"]["hash"] == network.hash
    assert [layer["name"] for layer in manifest["layers"]] == [
        layer.name for layer in network.layers
    ]
    assert len(manifest["links"]) == len(network.layers) + 1
    ports = re.search(r"module top\((.*?)\);", text, re.DOTALL)
    assert ports is not None
    for name in ("i__payload", "i__valid", "i__ready", "o__payload", "o__valid", "o__ready"):
        assert name in ports[1]
    width = max(field["offset"] + field["bits"] for field in manifest["links"][0]["fields"])
    assert re.search(rf"input \[{width - 1}:0\] i__payload", text)


def test_the_same_network_gives_the_same_verilog(network, tmp_path):
    config = design_config(network, fold_fully(network))
    first, _ = emit(network, config, tmp_path / "a")
    second, _ = emit(network, config, tmp_path / "b")
    assert first.read_text() == second.read_text()


def test_command_line(network, tmp_path, capsys):
    path = tmp_path / "network.safetensors"
    network.save(path)
    assert main([str(path), "--output", str(tmp_path / "rtl")]) == 0
    assert (tmp_path / "rtl" / "design.v").exists()
    assert main([str(tmp_path / "none.safetensors")]) == 2
    assert "no such network file" in capsys.readouterr().err
