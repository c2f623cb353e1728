"""ULX3S, of Radiona, with an ECP5 25F or 85F."""

from amaranth.build import Attrs, Pins, Resource, Subsignal
from amaranth_boards.ulx3s import ULX3S_25F_Platform, ULX3S_85F_Platform

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.ecp5 import ECP5
from tickless.hw.sdram.timing import AS4C16M16SA_7

__all__ = ["ULX3S_25F", "ULX3S_85F"]


def _on_j1(pins: str, direction: str) -> Pins:
    """Pins of header J1, by the numbers that the board bears: 0+ is GP0, 0- GN0."""
    return Pins(pins, dir=direction, conn=("gpio", 0))


ULPI_ON_J1 = Resource(
    *("ulpi", 0),
    Subsignal("clk", _on_j1("0+", "i")),  # one of few pins there that lead to a clock net
    Subsignal("stp", _on_j1("0-", "o")),
    Subsignal("dir", _on_j1("1+", "i")),
    Subsignal("nxt", _on_j1("1-", "i")),
    Subsignal("rst", _on_j1("2+", "o")),
    Subsignal("data", _on_j1("3+ 3- 4+ 4- 5+ 5- 6+ 6-", "io")),
    Attrs(IO_TYPE="LVCMOS33"),
)
"""USB3300 on a module of its own, which brings the clock, on pins that serve nothing else."""


class _Ulx3s25fPlatform(ULX3S_25F_Platform):
    """ULX3S 25F with a PHY for USB."""

    resources = (*ULX3S_25F_Platform.resources, ULPI_ON_J1)


class _Ulx3s85fPlatform(ULX3S_85F_Platform):
    """ULX3S 85F with a PHY for USB."""

    resources = (*ULX3S_85F_Platform.resources, ULPI_ON_J1)


ULX3S_25F = Board(
    name="ulx3s-25f",
    title="ULX3S 25F",
    family=ECP5,
    platform=_Ulx3s25fPlatform,
    device="LFE5U-25F",
    logic_cells=24_288,
    flip_flops=24_288,
    block_rams=56,
    clock_hz=75_000_000,
    stored_events=8_192,
    loader="ulx3s",
    ulpi=True,
    sdram=AS4C16M16SA_7,
)

ULX3S_85F = Board(
    name="ulx3s-85f",
    title="ULX3S 85F",
    family=ECP5,
    platform=_Ulx3s85fPlatform,
    device="LFE5U-85F",
    logic_cells=83_640,
    flip_flops=83_640,
    block_rams=208,
    clock_hz=75_000_000,
    stored_events=16_384,
    loader="ulx3s",
    ulpi=True,
    sdram=AS4C16M16SA_7,
)
