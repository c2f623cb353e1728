"""Bitstream of a pass engine: a board computes networks from the SDRAM beside its FPGA."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

from tickless.errors import InputError
from tickless.gen.design_file import DESIGN_FILE, write_design
from tickless.gen.fpga.board import Board
from tickless.gen.fpga.build import build
from tickless.gen.fpga.figures import build_figures, clock_lines, resource_lines
from tickless.gen.fpga.floor_plan import DEVICE, floor_plan_script
from tickless.gen.options import design_name
from tickless.gen.passes.board import pass_config, pass_system
from tickless.gen.passes.program import make_program
from tickless.hw.core.memory_map import CHUNK_BITS
from tickless.sw.integer.network import Network

__all__ = ["CLOCK_HZ", "build_engine", "engine_table", "weights_fit"]

CLOCK_HZ = 60_000_000
"""Clock of engine and SDRAM unless another one is asked for."""

MEMORY_BITS = 16384
"""Bits of a block RAM that hold words of whole bytes, at most."""

LINK_BYTES_PER_CHUNK = 8


def weights_fit(network: Network, board: Board) -> bool:
    """Whether a network's weights are fewer bits than the block RAMs of a board: else no folding
    holds them, whatever it is."""
    bits = sum(
        edge.weight.size * edge.weight_bits for each in network.layers for edge in each.edges
    )
    return bits <= MEMORY_BITS * board.block_rams


def build_engine(
    options: argparse.Namespace, board: Board, network: Network, folder: Path
) -> dict[str, Any]:
    """Make the bitstream of an engine in a folder, and its design file; its figures.

    Raises
    ------
    InputError
        If the board has no SDRAM, an option is one of other designs, or the engine cannot compute
        the network.
    """
    if board.sdram is None:
        raise InputError(f"--engine sdram: {board.title} has none that is known")
    if options.link != "serial":
        raise InputError(f"--engine sdram: link {options.link}: expected the serial port")
    given = design_name(options)
    if options.stored_events:
        given = [*given, f"{options.stored_events} stored events"]
    if given:
        raise InputError(f"--engine sdram: expected no option of other designs: {', '.join(given)}")
    asked_hz = CLOCK_HZ if options.clock_mhz is None else round(options.clock_mhz * 1e6)
    pll = board.choose_pll(asked_hz)
    config = pass_config(network)
    program = make_program(network, config.shape)
    host = board.host_config(pll.clock_hz)
    system = pass_system(config, pll.clock_hz, host.baud, board.sdram)
    write_design(config, folder / DESIGN_FILE)
    floor_plan = floor_plan_script(config.shape) if board.device == DEVICE else ""
    built = build(
        board, system, pll, folder, options.seed, options.system_tools, floor_plan=floor_plan
    )
    words = program.image_words + program.code.words
    chunks = ceil(16 * words / CHUNK_BITS)
    return {
        **build_figures(options.network, network, board, asked_hz, pll, built),
        "host_link": {"kind": board.link.name, **board.link.figures(host), "stored_events": 0},
        "engine": {
            **asdict(config.shape),
            "block_rams_of_large_memories": dict(config.shape.memories),
            "passes": program.passes,
            "loaded_bytes": 2 * words,
            "load_seconds": LINK_BYTES_PER_CHUNK * chunks / board.link.line(host).bytes_per_second,
        },
    }


def engine_table(figures: Mapping[str, Any]) -> str:
    """The main figures of ``build.json`` as text for a terminal."""
    engine = figures["engine"]
    return "\n".join(
        [
            f"{figures['board']['title']}: engine from SDRAM, for networks with the input and the "
            f"classes of {figures['network']['file']}",
            "",
            *resource_lines(figures),
            *clock_lines(figures),
            "",
            f"{engine['lanes']} lanes; {engine['passes']} passes, {engine['loaded_bytes']:,} bytes "
            f"to load, {engine['load_seconds']:.1f} s at {figures['host_link']['baud']:,} baud "
            "(computed)",
        ]
    )
