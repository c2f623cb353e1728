"""The examples, each as a user calls it."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tickless.sw.integer.network import Network

EXAMPLES = ROOT / "examples"


@pytest.fixture
def example(monkeypatch, capsys):
    """Runs an example from the root, where simulators are; returns what it prints."""
    monkeypatch.chdir(ROOT)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_a_recording_is_read_and_classified(example):
    printed = example("read_and_classify.py")
    assert printed.startswith("6,065 events in ")
    assert "class 0, label 0" in printed


def test_a_recording_in_a_file_is_classified_by_a_network_in_a_file(example, tmp_path):
    # One event in ATIS format: x, y, polarity and 23 bits of time.
    path = tmp_path / "7" / "1.bin"
    path.parent.mkdir()
    path.write_bytes(bytes([3, 5, 0x80, 0, 9]) * 20)
    network = ROOT / "sw/pretrained/nmnist-small.safetensors"
    assert "label 7; logits [" in example("read_and_classify.py", network, path)


def test_a_checkpoint_is_quantized_and_emitted(example, tmp_path):
    printed = example("quantize_and_emit.py", tmp_path / "new")
    assert len(re.findall(r"^\w+ +\d+ lanes x \d+ taps$", printed, re.MULTILINE)) == 4
    network = Network.load(tmp_path / "new/network.safetensors")
    assert network.layers[0].edges[0].weight_bits == 4
    assert "module tickless (" in (tmp_path / "new/design.v").read_text()
    assert (tmp_path / "new/manifest.json").exists()


def test_a_random_network_runs_in_the_rtl(example):
    assert example("random_network_rtl.py").endswith("equal to the bit\n")


def test_the_timing_of_an_axi_core_is_drawn(example, tmp_path):
    picture = tmp_path / "axi.png"
    printed = example("axi_timing.py", picture)
    assert re.match(r"class 1, clock \d+, logits \[10, 31, 17\]: ", printed)
    assert picture.stat().st_size > 10_000


def test_every_example_is_tested_here_and_says_how_to_call_it():
    paths = sorted(EXAMPLES.glob("*.py"))
    assert paths
    for path in paths:
        assert f'example("{path.name}"' in Path(__file__).read_text()
        assert f"    python examples/{path.name}" in path.read_text()
