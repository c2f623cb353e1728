"""Offer a board that is simulated, every bit on its serial line included."""

import argparse
import shlex
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tickless.errors import InputError
from tickless.gen.options import (
    add_activity_option,
    add_design_options,
    design_activity,
    design_name,
    design_request,
)
from tickless.host.port import DEFAULT_BAUD
from tickless.progress import stage
from tickless.sw.data.catalog import known
from tickless.sw.integer.network import PRETRAINED, Network

if TYPE_CHECKING:
    from tickless.sim.board.simulated import SimulatedBoard
    from tickless.sim.board.simulated_network import SimulatedNetworkBoard

__all__ = ["add_options", "main", "offer"]

STORED_EVENTS = 1 << 14
"""Room of the stored sample: most that a board has."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--network",
        type=Path,
        default=PRETRAINED / "saccades.safetensors",
        help="network file; the pre-trained saccades by default",
    )
    parser.add_argument(
        "--clock-hz", type=int, default=24_000_000, metavar="N", help="the board's clock"
    )
    parser.add_argument(
        "--baud", type=int, default=DEFAULT_BAUD, metavar="N", help="bits a second on the line"
    )
    parser.add_argument(
        "--udp",
        action="store_true",
        help="offer it in this machine's network, every byte of GMII simulated, not behind a "
        "serial port",
    )
    parser.add_argument(
        "--engine",
        choices=("sdram",),
        help="sdram: a pass engine with an SDRAM beside it, into which a network is loaded first",
    )
    parser.add_argument(
        "--bit-errors",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of the bits on the line that arrive wrong, as 1e-5",
    )
    add_design_options(parser)
    add_activity_option(parser)


def main(options: argparse.Namespace) -> int:
    """Returns the exit status of `offer`."""
    return offer(partial(_board, options))


def offer(make: Callable[[], "tuple[Network, SimulatedBoard | SimulatedNetworkBoard]"]) -> int:
    """Make a board and its network, and be the board until interrupted.

    Returns 0 when interrupted.
    """
    # Whoever ends this program ends the simulator with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        network, board = make()
        dataset = network.provenance.dataset
        source = f"--dataset {dataset}" if known(dataset) else "FILE..."
        board.serve(partial(_announce, source))
    except KeyboardInterrupt:
        print("stopped")
    return 0


def _board(
    options: argparse.Namespace,
) -> "tuple[Network, SimulatedBoard | SimulatedNetworkBoard]":
    if options.engine == "sdram":
        return _engine_board(options)
    request = design_request(options)
    with stage("loading the generator"):
        from tickless.gen.configure import design_factory
        from tickless.gen.design_file import design_number
        from tickless.gen.plan import plan
        from tickless.hw.ethernet.config import EthernetConfig
        from tickless.hw.host.messages import network_number
        from tickless.hw.host.port_system import ROOM_BYTES
        from tickless.hw.host.system import HostConfig, System
        from tickless.hw.host.udp_system import UdpSystem
        from tickless.sim.board.simulated import SimulatedBoard
        from tickless.sim.board.simulated_network import SimulatedNetworkBoard
    network = Network.load(options.network)
    activity = design_activity(network, request, options.activity)
    config = plan(network, request, activity)
    mesh = config.mesh if config.loadable else None
    host = HostConfig(
        clock_hz=options.clock_hz,
        baud=0 if options.udp else options.baud,
        stored_events=STORED_EVENTS,
        network=network_number(network.hash),
        design=0 if mesh is None else design_number(mesh),
        **({"buffer_bytes": ROOM_BYTES} if options.udp else {}),
    )
    if options.udp:
        system = UdpSystem(design_factory(config, network)(), host, EthernetConfig())
        return network, SimulatedNetworkBoard(system, options.bit_errors)
    board = SimulatedBoard(
        System(design_factory(config, network)(), host),
        options.clock_hz,
        options.baud,
        options.bit_errors,
        design=mesh,
    )
    return network, board


def _engine_board(options: argparse.Namespace) -> "tuple[Network, SimulatedBoard]":
    given = [*design_name(options), *["udp"] * options.udp]
    if given:
        raise InputError(f"--engine sdram: expected no option of other designs: {', '.join(given)}")
    with stage("loading the generator"):
        from tickless.gen.passes.board import pass_config, pass_system
        from tickless.sim.board.simulated import SimulatedBoard
    network = Network.load(options.network)
    config = pass_config(network)
    system = pass_system(config, options.clock_hz, options.baud)
    board = SimulatedBoard(
        system, options.clock_hz, options.baud, options.bit_errors, design=config
    )
    return network, board


def _announce(source: str, path: str) -> None:
    from tickless.gen.design_file import DESIGN_FILE

    print(f"a board is at {path}, until Ctrl-C; in another terminal:")
    print(f"    tickless run --port {shlex.quote(path)} {source}", flush=True)
    design = Path(path).with_name(DESIGN_FILE)
    if design.exists():
        print(
            f"    tickless load NETWORK --port {shlex.quote(path)} "
            f"--design {shlex.quote(str(design))}",
            flush=True,
        )
