"""Generator: from a network file to the bitstream of a board, with its figures."""

import argparse
import json
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickless.errors import InputError
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.options import (
    add_activity_option,
    add_design_options,
    design_name,
    design_request,
    sourced_activity,
)
from tickless.progress import stage
from tickless.run_folder import run_folder, run_name

if TYPE_CHECKING:
    from tickless.gen.fpga.board import Board
    from tickless.gen.request import DesignRequest

__all__ = ["RUNS", "add_board_options", "add_options", "main"]

RUNS = Path("build/bitstream")


def main(options: argparse.Namespace) -> int:
    """Build the bitstream and print its figures."""
    if options.clock_mhz is not None and not isfinite(options.clock_mhz):
        raise InputError(f"--clock-mhz {options.clock_mhz}: a clock is no infinity and no NaN")
    if options.seed < 0:
        raise InputError(f"seed = {options.seed}: expected at least 0")
    board = _board(options)
    request = design_request(options, board=board)
    name = run_name(
        options.board,
        options.network.stem,
        options.engine or "",
        *design_name(options),
        *_implementation_name(options),
    )
    with run_folder(RUNS, name, options.output) as folder:
        figures = _build(options, board, request, folder)
        (folder / "build.json").write_text(json.dumps(figures, indent=2) + "\n")
    output = options.output or RUNS / name
    from tickless.gen.fpga.engine_bitstream import engine_table
    from tickless.gen.fpga.figures import table

    print(engine_table(figures) if "engine" in figures else table(figures))
    print(f"\n{output / 'build.json'}\n{output / figures['bitstream']['file']}")
    return 0


def _board(options: argparse.Namespace) -> "Board":
    """The board that is asked for, joined to its host, and with the stored sample, as is asked."""
    board = BOARDS[options.board]
    if options.stored_events is not None:
        from tickless.hw.ram import SPRAM_DEPTH

        if not 0 <= options.stored_events <= SPRAM_DEPTH:
            raise InputError(
                f"--stored-events {options.stored_events}: expected 0 to {SPRAM_DEPTH:,}"
            )
        board = replace(board, stored_events=options.stored_events)
    if options.link != "udp":
        if options.address is not None:
            raise InputError(f"--address {options.address}: expected --link udp, too")
        return board.over_usb() if options.link == "usb" else board
    from tickless.hw.ethernet.config import EthernetConfig

    return board.over_udp(
        EthernetConfig() if options.address is None else EthernetConfig(options.address)
    )


def _build(
    options: argparse.Namespace, board: "Board", request: "DesignRequest", folder: Path
) -> dict[str, Any]:
    """Make the bitstream in a folder; its figures."""
    with stage("loading the generator"):
        from tickless.gen.configure import design_factory
        from tickless.gen.design_file import DESIGN_FILE, design_number, write_design
        from tickless.gen.fpga.build import build
        from tickless.gen.fpga.engine_bitstream import build_engine, weights_fit
        from tickless.gen.fpga.estimate import core_part, estimate, host_part
        from tickless.gen.fpga.figures import (
            activity_figures,
            build_figures,
            layer_figures,
            mesh_figures,
        )
        from tickless.gen.fpga.fit import DoesNotFitError
        from tickless.gen.performance import predict
        from tickless.gen.plan import plan
        from tickless.hw.host.messages import network_number
        from tickless.sw.integer.network import Network
    network = Network.load(options.network)
    if options.engine == "sdram":
        return build_engine(options, board, network, folder)
    usual = request.margin is None and request.copies == 1
    chooses = request.fits_board and usual and board.sdram is not None
    if chooses and not weights_fit(network, board):
        print(f"the weights are more than {board.title} has block RAM for: --engine sdram")
        return build_engine(options, board, network, folder)
    asked_hz = board.clock_hz
    if options.clock_mhz is not None:
        asked_hz = round(options.clock_mhz * 1e6)
    pll = board.choose_pll(asked_hz)
    activity = sourced_activity(network, options.activity)
    host = board.host_config(pll.clock_hz, network_number(network.hash))
    try:
        config = plan(network, request, activity)
    except DoesNotFitError as error:
        if not chooses:
            raise
        print(f"{error}\nso it is built with --engine sdram")
        return build_engine(options, board, network, folder)
    if config.mesh is not None and config.loadable:
        host = replace(host, design=design_number(config.mesh))
        write_design(config.mesh, folder / DESIGN_FILE)
    link = board.link
    system = link.system(design_factory(config, network)(), host)
    built = build(board, system, pll, folder, options.seed, options.system_tools)
    return {
        **build_figures(options.network, network, board, asked_hz, pll, built),
        "estimated": None
        if config.mesh is not None
        else estimate(
            [
                *(core_part(core) for core in config.cores),
                host_part(config.cores, host, config.copies),
                *link.parts,
            ],
            board.family,
        )._asdict(),
        "host_link": {
            "kind": link.name,
            **link.figures(host),
            "stored_events": host.stored_events,
        },
        "mesh": mesh_figures(config),
        "copies": config.copies,
        "layers": [layer_figures(core) for cores in config.layers for core in cores],
        "performance": asdict(predict(network, config, activity, pll.clock_hz, link.line(host))),
        "activity_per_sample": activity_figures(config, activity),
    }


def add_board_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which build it is."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("--board", choices=BOARDS, required=True)
    parser.add_argument(
        "-o", "--output", type=Path, help=f"folder; {RUNS}/BOARD-NETWORK-OPTIONS by default"
    )


def _implementation_name(options: argparse.Namespace) -> list[str]:
    """Parts of a run's name that tell how the design is implemented, where not as usual."""
    stored = [] if options.stored_events is None else [f"stored{options.stored_events}"]
    clock = [] if options.clock_mhz is None else [f"{options.clock_mhz:g}mhz"]
    link = [] if options.link == "serial" else [options.link, *filter(None, [options.address])]
    seed = [] if options.seed == 1 else [f"seed{options.seed}"]
    return [*link, *stored, *clock, *seed, *["system-tools"] * options.system_tools]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_board_options(parser)
    parser.add_argument(
        "--link",
        choices=("serial", "udp", "usb"),
        default="serial",
        help="what joins it to its host: the serial port, UDP over its Ethernet port, or USB of "
        "high speed (serial)",
    )
    parser.add_argument(
        "--address",
        metavar="IPV4",
        help="the board's address in the network, with --link udp (192.168.1.50)",
    )
    parser.add_argument(
        "--engine",
        choices=("sdram",),
        help="sdram: an engine that computes any network of this input and number of classes from "
        "the board's SDRAM, into which it is loaded later; by itself where a network does not fit "
        "on the FPGA",
    )
    parser.add_argument(
        "--stored-events",
        type=int,
        metavar="N",
        help="room of the stored sample that tickless run --replay plays, 0 for none; the board's "
        "usual one by default",
    )
    parser.add_argument(
        "--clock-mhz",
        type=float,
        metavar="N",
        help="clock; the board's usual one by default",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="of place and route, the first of up to three that are tried until the clock is "
        "reached (1)",
    )
    parser.add_argument(
        "--system-tools",
        action="store_true",
        help="take the tools on PATH, not those of the Python packages",
    )
    add_design_options(parser)
    add_activity_option(parser)
