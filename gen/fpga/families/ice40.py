"""Lattice iCE40 UltraPlus: Yosys, nextpnr and Project IceStorm."""

from pathlib import Path
from types import MappingProxyType

from tickless.gen.folding import Folding
from tickless.gen.fpga.family import Family
from tickless.hw.board.pll import Ice40Pll
from tickless.hw.ram import SPRAM_BITS

__all__ = ["ICE40"]

ICE40 = Family(
    name="iCE40",
    pll=Ice40Pll,
    cells=MappingProxyType(
        {
            "logic_cells": "ICESTORM_LC",
            "block_rams": "ICESTORM_RAM",
            "sprams": "ICESTORM_SPRAM",
        }
    ),
    flip_flop="SB_DFF",
    block_ram_depths=MappingProxyType({2: 2048, 4: 1024, 8: 512, 16: 256}),
    block_ram_cost=64,
    spram_bits=SPRAM_BITS,
    filling=0.95,
    synthesis="synth_ice40",
    synthesis_options="-device u",
    place_and_route_options="",
    part_command=("nextpnr-ice40", "--up5k", "--package", "sg48"),
    bitstream_suffix=".bin",
    coefficients_file=Path(__file__).with_suffix(".json"),
    measured_cores=(
        ("nmnist", 0, Folding(1, 1)),
        ("nmnist", 1, Folding(2, 1, single_port=True)),
        ("nmnist-4bit", 0, Folding(1, 1)),
        ("nmnist-4bit", 0, Folding(2, 1, single_port=True)),
        ("nmnist-4bit", 0, Folding(4, 1)),
        ("nmnist-4bit", 1, Folding(2, 1)),
        ("nmnist-4bit", 1, Folding(3, 2)),
        ("nmnist-4bit", 1, Folding(4, 1, single_port=True)),
        ("nmnist-4bit", 2, Folding(2, 1, single_port=True)),
        ("nmnist-4bit", 2, Folding(2, 4)),
        ("nmnist-small", 0, Folding(2, 2)),
        ("nmnist-small", 1, Folding(1, 1, single_port=True)),
    ),
)
"""The UltraPlus alone: the others have no single-port memory."""
