"""Block design of an AXI core, run by Tcl without Vivado: its commands are written down."""

import json

import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import chain_config
from tickless.gen.emit import emit
from tickless.gen.folding import fold_fully

tkinter = pytest.importorskip("tkinter")

VIVADO = """
set calls {}
proc unknown args { lappend ::calls $args; return [lindex $args end] }
proc glob args { return x }
rename file tcl_file
proc file {what args} { if {$what ne "copy"} { tcl_file $what {*}$args } }
"""


def calls(path, board):
    """Commands of Vivado that a script gives, their results the last word of each."""
    tcl = tkinter.Tcl()
    tcl.eval(VIVADO)
    tcl.eval(f"set argc 1; set argv {{{board}}}")
    tcl.evalfile(str(path))
    return [tcl.splitlist(call) for call in tcl.splitlist(tcl.eval("set calls"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of an AXI core."""
    network = random_network(np.random.default_rng(5), layers=1, size=4)
    path = tmp_path_factory.mktemp("core")
    emit(network, chain_config(network, fold_fully(network)), path, prefix="mine", axi=True)
    return path


@pytest.mark.parametrize("board", ["pynq-z2", "kv260"])
def test_the_block_design_connects_every_port_of_the_core(folder, board):
    given = calls(folder / "vivado.tcl", board)
    assert ("create_bd_cell", "-type", "module", "-reference", "mine", "core") in given
    bits = json.loads((folder / "manifest.json").read_text())["axi"]["s_axis"]["bits"]
    width = f"CONFIG.c_m_axis_mm2s_tdata_width {bits} "
    assert any(width in word for call in given for word in call)
    connected = {pin for name, *pins in given if name.startswith("connect_bd") for pin in pins}
    ports = {"aclk", "aresetn", "s_axis", "m_axis", "s_axi"}
    assert {f"core/{port}" for port in ports} <= connected
    made = {call[-1] for call in given if call[0] == "create_bd_cell"}
    assert {pin.partition("/")[0] for pin in connected} == made


def test_other_boards_are_refused(folder):
    with pytest.raises(tkinter.TclError, match="board zx81: expected pynq-z2 or kv260"):
        calls(folder / "vivado.tcl", "zx81")
