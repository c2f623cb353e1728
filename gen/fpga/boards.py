"""Boards that bitstreams are built for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from amaranth.build import Attrs
from amaranth.build.plat import TemplatedPlatform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.resources import UARTResource
from amaranth_boards.ulx3s import ULX3S_25F_Platform, ULX3S_85F_Platform

__all__ = ["BOARDS", "CELLS", "Board"]

CELLS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ecp5": {
            "logic_cells": "TRELLIS_COMB",
            "flip_flops": "TRELLIS_FF",
            "block_rams": "DP16KD",
        },
        "iCE40": {
            "logic_cells": "ICESTORM_LC",
            "block_rams": "ICESTORM_RAM",
            "sprams": "ICESTORM_SPRAM",
        },
    }
)
"""What nextpnr calls the resources of each family; a logic cell of an iCE40 has a flip-flop."""


BAUDS = (3_000_000, 2_000_000, 1_000_000)

SERIAL_PINS = Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")
"""With nothing connected the line stays idle."""


class OrangeCrabPlatform(OrangeCrabR0_2_25FPlatform):
    """OrangeCrab r0.2 with a serial port on pins 0 (in) and 1 (out) of its feather header."""

    resources = (
        *OrangeCrabR0_2_25FPlatform.resources,
        UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=SERIAL_PINS),
    )

    @property
    def command_templates(self):
        """Without the suffix for dfu-util, which loads without it, as openFPGALoader does."""
        return [command for command in super().command_templates if "dfu-suffix" not in command]


@dataclass(frozen=True)
class Board:
    """Board with an FPGA.

    Parameters
    ----------
    name : str
        Name on the command line.
    title : str
        Name for people.
    platform : type of TemplatedPlatform
        Its description in Amaranth.
    logic_cells, flip_flops, block_rams, sprams : int
        Cells that nextpnr can use.
    block_ram_bits : int
        Size of a block RAM.
    clock_hz : int
        Clock that designs are built for by default.
    bauds : tuple of int
        Rates of the serial port: the first one that the clock can give is taken.
    stored_events : int
        Events of a sample that the board can store.
    core_options : mapping
        Parameters of `hw.core.shape.CoreShape` for all cores.
    loader : str
        Name for openFPGALoader.
    """

    name: str
    title: str
    platform: type[TemplatedPlatform]
    logic_cells: int
    flip_flops: int
    block_rams: int
    block_ram_bits: int
    sprams: int
    clock_hz: int
    bauds: tuple[int, ...]
    stored_events: int
    core_options: Mapping[str, Any]
    loader: str

    @cached_property
    def family(self) -> str:
        """Family of the FPGA: ``"ecp5"`` or ``"iCE40"``."""
        return self.platform().family  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def device(self) -> str:
        """Name of the FPGA."""
        return self.platform.device  # pyright: ignore[reportAttributeAccessIssue]


def _ecp5(name: str, title: str, platform: type, cells: int, rams: int, **options) -> Board:
    return Board(
        name=name,
        title=title,
        platform=platform,
        logic_cells=cells,
        flip_flops=cells,
        block_rams=rams,
        block_ram_bits=18 * 1024,
        sprams=0,
        bauds=BAUDS,
        core_options=MappingProxyType({}),
        **options,
    )


BOARDS: Mapping[str, Board] = MappingProxyType(
    {
        board.name: board
        for board in (
            Board(
                name="icebreaker",
                title="iCEBreaker",
                platform=ICEBreakerPlatform,
                logic_cells=5_280,
                flip_flops=5_280,
                block_rams=30,
                block_ram_bits=4 * 1024,
                sprams=4,
                clock_hz=24_000_000,
                bauds=BAUDS,
                stored_events=8_192,
                core_options=MappingProxyType(
                    {"fast_clock": False, "profile": False, "counter_bits": 16}
                ),
                loader="ice40_generic",
            ),
            _ecp5(
                "ulx3s-25f",
                "ULX3S 25F",
                ULX3S_25F_Platform,
                24_288,
                56,
                clock_hz=75_000_000,
                stored_events=8_192,
                loader="ulx3s",
            ),
            _ecp5(
                "ulx3s-85f",
                "ULX3S 85F",
                ULX3S_85F_Platform,
                83_640,
                208,
                clock_hz=75_000_000,
                stored_events=16_384,
                loader="ulx3s",
            ),
            _ecp5(
                "orangecrab-25f",
                "OrangeCrab r0.2 25F",
                OrangeCrabPlatform,
                24_288,
                56,
                clock_hz=90_000_000,
                stored_events=8_192,
                loader="orangeCrab",
            ),
        )
    }
)
"""Boards by name; cells as nextpnr's reports state them. Clocks are what a design that nearly fills
the board reaches."""
