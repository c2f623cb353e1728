"""Offer a simulated board of the cells that synthesis makes of its system.

As ``tickless simulate-board``, but for the netlist, in the vendor's cells as Yosys models them,
with the foldings of ``tickless bitstream``.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.gen.fpga.boards import BOARDS
from tickless.gen.options import (
    add_activity_option,
    add_folding_options,
    design_name,
    folding_request,
    sourced_activity,
)
from tickless.progress import stage
from tickless.run_folder import run_folder, run_name
from tickless.sim.board.simulate import offer
from tickless.sw.integer.network import Network

if TYPE_CHECKING:
    from tickless.sim.board.simulated import SimulatedBoard

__all__ = ["add_options", "main"]

RUNS = Path("build/netlist")

NETLIST_BOARDS = ("icebreaker", "gatemate-evb")
"""Boards whose cells have models that Verilator takes."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument(
        "--board", choices=NETLIST_BOARDS, default="icebreaker", help="board (icebreaker)"
    )
    add_folding_options(parser)
    add_activity_option(parser)


def main(options: argparse.Namespace) -> int:
    """Returns the exit status of `sim.board.simulate.offer`."""
    return offer(partial(_board, options))


def _board(options: argparse.Namespace) -> "tuple[Network, SimulatedBoard]":
    board = BOARDS[options.board]
    request = folding_request(options, board=board)
    with stage("loading the generator"):
        from tickless.gen.configure import design_factory
        from tickless.gen.plan import plan
        from tickless.hw.host.messages import network_number
        from tickless.hw.host.system import System
        from tickless.sim.board.netlist import Netlist, netlist
        from tickless.sim.board.simulated import SimulatedBoard
    network = Network.load(options.network)
    activity = sourced_activity(network, options.activity)
    config = plan(network, request, activity)
    host = board.host_config(board.clock_hz, network_number(network.hash))
    system = System(design_factory(config, network)(), host)
    with run_folder(
        RUNS, run_name(board.name, options.network.stem, *design_name(options))
    ) as folder:
        modules = netlist(system, board, folder)
    return network, SimulatedBoard(Netlist(system), host.clock_hz, host.baud, modules=modules)
