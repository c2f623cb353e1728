"""ECPIX-5, of LambdaConcept, with an ECP5-5G 85F."""

from amaranth_boards.ecpix5 import ECPIX585Platform

from tickless.gen.fpga.board import FT2232H_BAUDS, Board
from tickless.gen.fpga.families.ecp5 import ECP5

__all__ = ["ECPIX5_85F"]

ECPIX5_85F = Board(
    name="ecpix5-85f",
    title="ECPIX-5 85F",
    family=ECP5,
    platform=ECPIX585Platform,
    device="LFE5UM5G-85F",
    logic_cells=83_640,
    flip_flops=83_640,
    block_rams=208,
    clock_hz=75_000_000,
    stored_events=16_384,
    loader="ecpix5",
    bauds=FT2232H_BAUDS,
)
