"""Board with an FPGA."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from amaranth.build.plat import TemplatedPlatform

from tickless.errors import InputError
from tickless.gen.fpga.family import Family
from tickless.gen.fpga.link import Link, SerialLink, UdpLink, UsbLink
from tickless.hw.board.dividers import PllConfig
from tickless.hw.board.rgmii import RgmiiDelays
from tickless.hw.ethernet.config import EthernetConfig
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
        has lights, resources ``led`` or an ``rgb_led``; with ``rgmii`` a resource ``eth_rgmii``,
        with ``ulpi`` a resource ``ulpi``.
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
    link : Link
        What joins it to its host.
    rgmii : RgmiiDelays or None
        Delays in the pins of its Ethernet port; None without one.
    ulpi : bool
        Whether it has a PHY for USB of high speed that brings the clock.
    sdram : SdramTimings or None
        The part beside the FPGA, a resource ``sdram``; None without one.
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
    link: Link = field(default_factory=SerialLink)
    rgmii: RgmiiDelays | None = None
    ulpi: bool = False
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
        """Host link for a clock.

        Parameters
        ----------
        network : int
            Number of the network that the board tells.

        Raises
        ------
        InputError
            If the link cannot do with the clock.
        """
        return self.link.host_config(clock_hz, self.stored_events, network)

    def over_udp(self, ethernet: EthernetConfig) -> "Board":
        """The board with its Ethernet port for a link.

        Raises
        ------
        InputError
            If it has none.
        """
        if self.rgmii is None:
            raise InputError(f"link udp: {self.title} has no Ethernet port that is supported")
        return replace(self, link=UdpLink(self.rgmii, ethernet))

    def over_usb(self) -> "Board":
        """The board with its USB port for a link.

        Raises
        ------
        InputError
            If it has no PHY for that.
        """
        if not self.ulpi:
            raise InputError(f"link usb: {self.title} has no USB PHY that is supported")
        return replace(self, link=UsbLink())
