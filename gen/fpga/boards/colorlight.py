"""Colorlight 5A-75B, a controller of LED panels, and i5, a module, of Colorlight."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.colorlight_5a75b_r7_0 import Colorlight_5A75B_R70Platform
from amaranth_boards.resources import LEDResources, UARTResource

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.ecp5 import ECP5
from tickless.hw.board.rgmii import RgmiiDelays

__all__ = ["COLORLIGHT_5A_75B", "COLORLIGHT_I5"]


class _Colorlight5A75BPlatform(Colorlight_5A75B_R70Platform):
    """Colorlight 5A-75B without its light, whose pin is the serial port's output."""

    resources = tuple(
        resource for resource in Colorlight_5A75B_R70Platform.resources if resource.name != "led"
    )


class _ColorlightI5Platform(LatticeECP5Platform):
    """Colorlight i5 on the extension board of Muse Lab, which amaranth-boards has not: pins as
    LiteX has them."""

    device = "LFE5U-25F"
    package = "BG381"
    speed = "6"
    default_clk = "clk25"
    resources = (
        Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), Attrs(IO_TYPE="LVCMOS33")),
        *LEDResources(pins="U16", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")),
    )
    connectors = ()


COLORLIGHT_5A_75B = Board(
    name="colorlight-5a-75b",
    title="Colorlight 5A-75B",
    family=ECP5,
    platform=_Colorlight5A75BPlatform,
    device="LFE5U-25F",
    logic_cells=24_288,
    flip_flops=24_288,
    block_rams=56,
    clock_hz=75_000_000,
    stored_events=8_192,
    loader="colorlight",
    rgmii=RgmiiDelays(transmit_ps=0, receive_ps=2000),
)

COLORLIGHT_I5 = Board(
    name="colorlight-i5",
    title="Colorlight i5",
    family=ECP5,
    platform=_ColorlightI5Platform,
    device="LFE5U-25F",
    logic_cells=24_288,
    flip_flops=24_288,
    block_rams=56,
    clock_hz=75_000_000,
    stored_events=8_192,
    loader="colorlight-i5",
)
