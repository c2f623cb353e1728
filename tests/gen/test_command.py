"""`tickless rtl`: its folders, and what it refuses."""

import json
import os
import re

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.command import main


@pytest.fixture
def network(tmp_path, monkeypatch):
    """Network whose file, in the current folder, is a.safetensors."""
    network = random_network(np.random.default_rng(5), layers=1, size=4)
    network.save(tmp_path / "a.safetensors")
    monkeypatch.chdir(tmp_path)
    return network


def test_each_network_and_design_has_a_folder_of_its_own(network, tmp_path, capsys):
    network.save(tmp_path / "b.safetensors")
    layer = network.layers[0].name
    for arguments, name in (
        (["a.safetensors"], "a"),
        (["b.safetensors"], "b"),
        (["a.safetensors", "--margin", "0"], "a-margin0"),
        (["a.safetensors", "--fold", f"{layer}=1x1"], f"a-fold-{layer}=1x1"),
    ):
        assert main(["rtl", *arguments]) == 0
        assert os.readlink("build/rtl/latest") == name
        printed = capsys.readouterr().out.splitlines()
        prefix = f"tickless_{arguments[0][0]}"
        bench = [f"{prefix}{end}" for end in (".core", "_bench.py", "_simulator.py")]
        files = ["design.v", "manifest.json", *bench, "samples.json", "lint.vlt"]
        assert printed[-7:] == [f"build/rtl/{name}/{file}" for file in files]
        assert all(os.path.getsize(path) for path in printed[-7:])
    assert len(list((tmp_path / "build" / "rtl").glob("*/design.v"))) == 5


def test_a_mesh_and_what_is_loaded_into_it_are_in_the_name(network, tmp_path, capsys):
    events = random_events(np.random.default_rng(0), network, 50, outside=0)
    figures = {"events_by_layer": [len(events)] * len(network.layers)}
    (tmp_path / "activity.json").write_text(json.dumps(figures))
    options = ["--mesh", "2x2", "--load", "a.safetensors", "--activity", "activity.json"]
    assert main(["rtl", "a.safetensors", *options]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].endswith("/image.bin")
    for part in ("a-", "mesh2x2", "load-a", "activity"):
        assert part in printed[-1]


def test_a_folder_of_the_user_s_is_taken(network, tmp_path, capsys):
    assert main(["rtl", "a.safetensors", "--output", "rtl"]) == 0
    assert (tmp_path / "rtl" / "design.v").exists()
    assert not (tmp_path / "build").exists()
    printed = capsys.readouterr().out.splitlines()
    assert printed[-7:-5] == ["rtl/design.v", "rtl/manifest.json"]


def test_prefix_and_wrap_are_the_design_s(network, tmp_path, capsys):
    assert main(["rtl", "a.safetensors", "--prefix", "mine", "--wrap", "axi"]) == 0
    assert "build/rtl/a-prefixmine-wrapaxi/mine.core" in capsys.readouterr().out
    folder = tmp_path / "build" / "rtl" / "latest"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["top"] == "mine"
    text = (folder / "design.v").read_text()
    modules = re.findall(r"^module (\w+)", text, re.MULTILINE)
    assert modules[0] == "mine"
    assert all(name.startswith("mine") for name in modules)
    axi = manifest["axi"]
    assert re.search(rf"input \[{axi['s_axis']['bits'] - 1}:0\] s_axis_tdata", text)
    assert re.search(rf"input \[{axi['s_axi']['address_bits'] - 1}:0\] s_axi_awaddr", text)
    clock = r'ASSOCIATED_BUSIF s_axis:m_axis:s_axi, ASSOCIATED_RESET aresetn" \*\)\n  input aclk;'
    assert re.search(clock, text)
    words = max(field["offset"] + field["bits"] for field in axi["m_axis"]["fields"])
    assert words == 32 * axi["m_axis"]["words"]
    names = [register["name"] for register in axi["s_axi"]["registers"]]
    assert names[:2] == ["magic", "version"]


def test_a_file_in_the_folder_s_place_is_told_before_the_work(network, tmp_path, capsys):
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "rtl").write_text("x")
    assert main(["rtl", "a.safetensors"]) == 2
    assert capsys.readouterr().err == "error: build/rtl/a: expected a folder: Not a directory\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--mesh", "3"], "mesh '3': expected ROWSxCOLUMNS, as in 2x2"),
        (["--mesh", "0x2"], "mesh '0x2': expected ROWSxCOLUMNS, as in 2x2"),
        (["--mesh", "2x2", "--core-updates", "0"], "updates = 0: expected at least 1"),
        (["--mesh", "2x2", "--cut", "a=0"], "cut 'a=0': expected at least 1 slice"),
        (["--cut", "a=2"], "layers are cut over the cores of a mesh: expected --mesh RxC, too"),
        (["--fold", "a"], "folding 'a': expected LAYER=LANESxTAPS"),
        (["--budget", "0"], "budget = 0: expected at least 1"),
        (["--prefix", "a-b"], "prefix 'a-b': expected a letter, then letters, digits and _"),
        (["--margin", "-1"], "margin = -1: expected an integer in 0.."),
    ],
)
def test_wrong_options_are_refused_before_the_network_is_read(options, words, capsys):
    assert main(["rtl", "none.safetensors", *options]) == 2
    assert capsys.readouterr().err.startswith(f"error: {words}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["none.safetensors"], "none.safetensors: no such network file"),
        (["a.safetensors", "--activity", "nmnist"], "activity: nothing of this design follows"),
    ],
)
def test_wrong_input_leaves_no_folder(network, tmp_path, options, words, capsys):
    assert main(["rtl", *options]) == 2
    assert f"error: {words}" in capsys.readouterr().err
    assert os.listdir(tmp_path / "build" / "rtl") == [".tickless-lock"]
