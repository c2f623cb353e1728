"""Gowin LittleBee and Arora: Yosys, nextpnr and Project Apicula."""

from pathlib import Path
from types import MappingProxyType

from amaranth.vendor import GowinPlatform

from tickless.gen.folding import Folding
from tickless.gen.fpga.family import Family, LutRam
from tickless.hw.board.pll import GowinPll

__all__ = ["GOWIN", "ApiculaPlatform"]

NEXTPNR = "nextpnr-himbaechel-gowin"


class ApiculaPlatform(GowinPlatform):
    """Gowin platform with nextpnr's present name: Amaranth 0.5 calls ``nextpnr-gowin``, which is no
    more.

    Attributes
    ----------
    device : str
        Name of the FPGA.
    """

    @property
    def required_tools(self):
        return [tool.replace("nextpnr-gowin", NEXTPNR) for tool in super().required_tools]

    @property
    def command_templates(self):
        return [
            command.replace("nextpnr-gowin", NEXTPNR)
            .replace("--family ", "--vopt family=")
            .replace("--cst ", "--vopt cst=")
            for command in super().command_templates
        ]

    @property
    def device(self) -> str:
        return self.family

    @property
    def _chipdb_device(self):
        # Those with memory in the package are like those without.
        return self.family.replace("R-", "-")


GOWIN = Family(
    name="gowin",
    pll=GowinPll,
    cells=MappingProxyType({"logic_cells": "LUT4", "flip_flops": "DFF", "block_rams": "BSRAM"}),
    block_ram_depths=MappingProxyType({1: 16384, 2: 8192, 4: 4096, 9: 2048, 18: 1024, 36: 512}),
    block_ram_cost=128,
    lut_ram=LutRam(depth=16, bits=4, cost=4),
    # Of a design estimated at 80 % of a GW1N-9C, 74 % as packed, the placer found no legal place.
    filling=0.77,
    synthesis="synth_gowin",
    synthesis_options="-nodsp",
    # Amaranth hands no clocks to this nextpnr.
    place_and_route_options="--freq {clock_mhz}",
    part_command=(
        NEXTPNR,
        *("--device", "GW2AR-LV18QN88C8/I7", "--vopt", "family=GW2A-18C"),
    ),
    # This nextpnr refuses pins without places.
    part_netlist=("delete t:IBUF t:OBUF", "delete -port w:*"),
    bitstream_suffix=".fs",
    coefficients_file=Path(__file__).with_suffix(".json"),
    measured_cores=(
        ("nmnist", 0, Folding(2, 1)),
        ("nmnist", 0, Folding(12, 2)),
        ("nmnist", 2, Folding(8, 1)),
        ("nmnist-4bit", 0, Folding(4, 1)),
        ("nmnist-4bit", 1, Folding(8, 2)),
        ("nmnist-4bit", 2, Folding(2, 1)),
        ("nmnist-small", 0, Folding(8, 4)),
        ("nmnist-small", 1, Folding(16, 1)),
    ),
)
