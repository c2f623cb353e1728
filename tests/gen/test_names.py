"""Names of Verilog: plain, the design's own, and the hardware's that they were before."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tests.random_networks import random_network
from tickless.errors import InputError
from tickless.gen.configure import chain_config
from tickless.gen.emit import emit
from tickless.gen.folding import fold_fully
from tickless.gen.names import TOP, check_prefix, default_prefix, plain_names
from tickless.gen.verilog import verilog
from tickless.sim.verilator import verilator_environment


class Adder(wiring.Component):
    """Adder of a number, its ports named so that Yosys escapes them."""

    event: Signal
    o: Signal

    def __init__(self, amount):
        self.amount = amount
        super().__init__({"event": In(8), "o": Out(8)})

    def elaborate(self, platform):
        m = Module()
        sums = [Signal(8, name=name) for name in ("sums[1]", "sums_1", "sums.1")]
        m.d.comb += sums[0].eq(self.event + self.amount)
        m.d.sync += [sums[1].eq(sums[0]), sums[2].eq(sums[1] ^ self.event), self.o.eq(sums[2])]
        return m


class Sum(wiring.Component):
    """Two adders whose modules have names that become one."""

    event: Signal
    o: Signal

    def __init__(self):
        super().__init__({"event": In(8), "o": Out(8)})

    def elaborate(self, platform):
        m = Module()
        m.submodules["a.b"] = first = Adder(1)
        m.submodules.a_b = second = Adder(2)
        m.submodules.other = Instance("other", i_reg=first.o)
        m.d.comb += [first.event.eq(self.event), second.event.eq(first.o), self.o.eq(second.o)]
        return m


def test_no_name_is_escaped_and_none_is_lost():
    text = verilog(Sum(), TOP)
    plain = plain_names(text, "own")
    assert "\\" in text
    assert "\\" not in plain
    modules = re.findall(r"^module (\w+)", plain, re.MULTILINE)
    assert modules[0] == "own"
    assert len(modules) == len(set(modules)) == 3
    assert all(name.startswith("own_a_b") for name in modules[1:])
    instances = re.findall(r"^  (\w+) +\w+ +\($", plain, re.MULTILINE)
    assert sorted(instances) == sorted([*modules[1:], "other"])
    adder = plain.split("\nendmodule\n")[1]
    declared = re.findall(r"^  (?:reg|wire) \[7:0\] (\w+)", adder, re.MULTILINE)
    assert {"sums_1", "event_"} < set(declared)
    # Numbers tell apart what would have become one.
    assert len([name for name in set(declared) if name.startswith("sums_1")]) == 3


def test_names_that_are_plain_stay():
    text = "module \\@ (clk);\n  input clk;\nendmodule\n"
    assert plain_names(text, "own") == "module own (clk);\n  input clk;\nendmodule\n"


def test_processes_run_first_in_systemverilog_too():
    plain = plain_names(verilog(Sum(), TOP), "own")
    triggers = re.findall(r"if \((_auto_verilog_backend\w+) \) begin end", plain)
    assert triggers
    for trigger in triggers:
        assert f"initial {trigger}  = 0;" in plain
        assert f"reg {trigger} ;" in plain


@pytest.mark.parametrize("prefix", ["a", "tickless_4bit", "B2_"])
def test_a_prefix_is_an_identifier(prefix):
    check_prefix(prefix)


@pytest.mark.parametrize("prefix", ["", "4bit", "a-b", "a.b", "_a", "a b", "wire", "logic", "ä"])
def test_other_prefixes_are_refused(prefix):
    with pytest.raises(InputError, match="expected a letter, then letters"):
        check_prefix(prefix)


def test_a_network_s_file_gives_a_prefix():
    prefix = default_prefix(Path("some/where/nmnist-4bit.v2.safetensors"))
    assert prefix == "tickless_nmnist_4bit_v2"
    check_prefix(prefix)


def test_two_networks_live_in_one_design(tmp_path):
    files = []
    for index in range(2):
        network = random_network(np.random.default_rng(index), layers=1, size=6)
        config = chain_config(network, fold_fully(network), margin=50 if index else None)
        design, *_ = emit(network, config, tmp_path / str(index), prefix=f"network_{index}")
        assert "\\" not in design.read_text()
        files.append(design)
    both = tmp_path / "both.v"
    both.write_text(
        "module both(input clk, input rst);\n"
        "  network_0 first(.clk(clk), .rst(rst));\n"
        "  network_1 second(.clk(clk), .rst(rst));\n"
        "endmodule\n"
    )
    sources = [str(path) for path in (both, *files)]
    environment = {**os.environ, **verilator_environment()}
    quiet = ("-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-PROCASSINIT")
    lint = ["verilator", "--lint-only", *quiet, "--top-module", "both", *sources]
    done = subprocess.run(lint, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    if shutil.which("iverilog"):
        command = ["iverilog", "-g2005", "-Wall", "-s", "both", "-o", os.devnull, *sources]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
