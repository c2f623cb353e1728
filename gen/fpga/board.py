"""Board with an FPGA."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from amaranth.build.plat import TemplatedPlatform

from tickless.errors import InputError
from tickless.gen.fpga.family import Family
from tickless.hw.board.dividers import PllConfig
from tickless.hw.host.config import HostConfig
from tickless.hw.sdram.timing import SdramTimings

__all__ = ["Board"]


@dataclass(frozen=True)
class Board:
    """Board with an FPGA.

    Parameters
    ----------
    name : str
        Name on the command line.
    title : str
        Name for people.
    family : Family
        Family of the FPGA.
    platform : type of TemplatedPlatform
        The board's description in Amaranth: a clock, a resource ``uart`` and, as far as the board
        has lights, resources ``led`` or an ``rgb_led``.
    device : str
        Name of the FPGA.
    logic_cells, flip_flops, block_rams, sprams : int
        Cells that nextpnr can use, as its reports state them.
    clock_hz : int
        Clock that designs are built for by default: what one that nearly fills the board reaches.
    stored_events : int
        Events of a sample that the board can store.
    loader : str
        Name for openFPGALoader.
    bauds : tuple of int
        Rates of the serial port: the first one that the clock can give is taken.
    sdram : SdramTimings, optional
        The part beside the FPGA, a resource ``sdram``; none by default.
    core_options : mapping
        Parameters of `hw.core.shape.CoreShape` for all cores; the same for all boards of a family,
        whose estimate is measured with them.
    """

    name: str
    title: str
    family: Family
    platform: type[TemplatedPlatform]
    device: str
    logic_cells: int
    flip_flops: int
    block_rams: int
    clock_hz: int
    stored_events: int
    loader: str
    sprams: int = 0
    bauds: tuple[int, ...] = (3_000_000, 2_000_000, 1_000_000)
    sdram: SdramTimings | None = None
    core_options: Mapping[str, Any] = field(default_factory=dict)

    def choose_pll(self, clock_hz: int) -> PllConfig:
        """Dividers for the highest clock that is not above the wanted one.

        Raises
        ------
        ValueError
            If the PLL cannot come near it.
        """
        input_hz = int(self.platform().default_clk_frequency)
        return self.family.pll.CONFIG.choose(input_hz, clock_hz)

    def host_config(self, clock_hz: int, network: int = 0) -> HostConfig:
        """Host link at the highest of the board's rates that a clock gives.

        Parameters
        ----------
        network : int
            Number of the network that the board tells.

        Raises
        ------
        InputError
            If the clock gives none of the rates.
        """
        for baud in self.bauds:
            with suppress(ValueError):
                return HostConfig(
                    clock_hz=clock_hz,
                    baud=baud,
                    stored_events=self.stored_events,
                    network=network,
                )
        raise InputError(f"a clock of {clock_hz} Hz gives none of the rates {self.bauds}")
