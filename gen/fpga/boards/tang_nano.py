"""Tang Nano 9K and 20K, of Sipeed."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth_boards.resources import LEDResources, UARTResource
from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from tickless.gen.fpga.board import Board
from tickless.gen.fpga.families.gowin import GOWIN, ApiculaPlatform

__all__ = ["TANG_NANO_9K", "TANG_NANO_20K"]


class _TangNano9kPlatform(ApiculaPlatform, TangNano9kPlatform):
    """Tang Nano 9K."""


class _TangNano20kPlatform(ApiculaPlatform):
    """Tang Nano 20K, which amaranth-boards has not: pins by Sipeed's schematic."""

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    default_clk = "clk27"
    resources = (
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), Attrs(IO_TYPE="LVCMOS33")),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="70", tx="69", attrs=Attrs(IO_TYPE="LVCMOS33", PULL_MODE="UP")),
    )
    connectors = ()


TANG_NANO_9K = Board(
    name="tang-nano-9k",
    title="Tang Nano 9K",
    family=GOWIN,
    platform=_TangNano9kPlatform,
    device="GW1NR-9C",
    logic_cells=8_640,
    flip_flops=6_480,
    block_rams=26,
    clock_hz=60_000_000,
    stored_events=8_192,
    loader="tangnano9k",
)

TANG_NANO_20K = Board(
    name="tang-nano-20k",
    title="Tang Nano 20K",
    family=GOWIN,
    platform=_TangNano20kPlatform,
    device="GW2AR-18C",
    logic_cells=20_736,
    flip_flops=15_552,
    block_rams=46,
    clock_hz=54_000_000,
    stored_events=8_192,
    loader="tangnano20k",
)
