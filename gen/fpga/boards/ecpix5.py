"""ECPIX-5, of LambdaConcept, with an ECP5-5G 85F."""

from amaranth.build import Attrs, Pins, PinsN, Resource, Subsignal
from amaranth_boards.ecpix5 import ECPIX585Platform

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.ecp5 import ECP5
from tickless.gen.fpga.link import FT2232H
from tickless.hw.board.rgmii import RgmiiDelays

__all__ = ["ECPIX5_85F"]


class _Ecpix5Platform(ECPIX585Platform):
    """ECPIX-5 whose Ethernet pins bear the names that other boards' have."""

    resources = (
        *(entry for entry in ECPIX585Platform.resources if entry.name != "eth_rgmii"),
        Resource(
            *("eth_rgmii", 0),
            Subsignal("rst", PinsN("C13", dir="o")),
            Subsignal("tx_clk", Pins("A12", dir="o")),
            Subsignal("tx_ctl", Pins("C9", dir="o")),
            Subsignal("tx_data", Pins("D8 C8 B8 A8", dir="o")),
            Subsignal("rx_clk", Pins("E11", dir="i")),
            Subsignal("rx_ctl", Pins("A11", dir="i")),
            Subsignal("rx_data", Pins("B11 A10 B10 A9", dir="i")),
            Attrs(IO_TYPE="LVCMOS33"),
        ),
    )


ECPIX5_85F = Board(
    name="ecpix5-85f",
    title="ECPIX-5 85F",
    family=ECP5,
    platform=_Ecpix5Platform,
    device="LFE5UM5G-85F",
    logic_cells=83_640,
    flip_flops=83_640,
    block_rams=208,
    clock_hz=75_000_000,
    stored_events=16_384,
    loader="ecpix5",
    link=FT2232H,
    rgmii=RgmiiDelays(transmit_ps=2000, receive_ps=0),
    ulpi=True,
)
