"""ULX3S, of Radiona, with an ECP5 25F or 85F."""

from amaranth_boards.ulx3s import ULX3S_25F_Platform, ULX3S_85F_Platform

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.ecp5 import ECP5
from tickless.hw.sdram.timing import AS4C16M16SA_7

__all__ = ["ULX3S_25F", "ULX3S_85F"]

ULX3S_25F = Board(
    name="ulx3s-25f",
    title="ULX3S 25F",
    family=ECP5,
    platform=ULX3S_25F_Platform,
    device="LFE5U-25F",
    logic_cells=24_288,
    flip_flops=24_288,
    block_rams=56,
    clock_hz=75_000_000,
    stored_events=8_192,
    loader="ulx3s",
    sdram=AS4C16M16SA_7,
)

ULX3S_85F = Board(
    name="ulx3s-85f",
    title="ULX3S 85F",
    family=ECP5,
    platform=ULX3S_85F_Platform,
    device="LFE5U-85F",
    logic_cells=83_640,
    flip_flops=83_640,
    block_rams=208,
    clock_hz=75_000_000,
    stored_events=16_384,
    loader="ulx3s",
    sdram=AS4C16M16SA_7,
)
