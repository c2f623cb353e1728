"""Lattice ECP5: Yosys, nextpnr and Project Trellis."""

from pathlib import Path
from types import MappingProxyType

from tickless.gen.folding import Folding
from tickless.gen.fpga.family import Family, LutRam
from tickless.hw.board.pll import Ecp5Pll

__all__ = ["ECP5"]

ECP5 = Family(
    name="ecp5",
    pll=Ecp5Pll,
    cells=MappingProxyType(
        {"logic_cells": "TRELLIS_COMB", "flip_flops": "TRELLIS_FF", "block_rams": "DP16KD"}
    ),
    block_ram_depths=MappingProxyType({1: 16384, 2: 8192, 4: 4096, 9: 2048, 18: 1024, 36: 512}),
    block_ram_cost=128,
    lut_ram=LutRam(depth=16, bits=4, cost=4),
    filling=0.85,
    synthesis="synth_ecp5",
    synthesis_options="-nowidelut -nodsp",
    # The default placer leaves nets a third longer, in which router2 often finds no way; the
    # default router takes five times as long.
    place_and_route_options="--placer static --router router2",
    part_command=(
        "nextpnr-ecp5",
        *("--85k", "--package", "CABGA381", "--speed", "6", "--out-of-context"),
    ),
    bitstream_suffix=".bit",
    coefficients_file=Path(__file__).with_suffix(".json"),
    measured_cores=(
        ("nmnist", 0, Folding(2, 1)),
        ("nmnist", 0, Folding(12, 2)),
        ("nmnist", 0, Folding(12, 4)),
        ("nmnist", 1, Folding(4, 4)),
        ("nmnist", 1, Folding(24, 1)),
        ("nmnist", 2, Folding(8, 1)),
        ("nmnist", 2, Folding(16, 2)),
        ("nmnist-4bit", 0, Folding(12, 4)),
        ("nmnist-4bit", 1, Folding(8, 2)),
        ("nmnist-4bit", 2, Folding(32, 2)),
        ("nmnist-small", 0, Folding(8, 4)),
        ("nmnist-small", 1, Folding(16, 4)),
    ),
)
"""Parts are measured in the slowest speed grade, 6."""
