"""Links between a board and its host: the serial port, UDP over Ethernet, and USB."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tickless.errors import InputError
from tickless.gen.fpga.estimate import Part
from tickless.gen.fpga.tools import ToolError
from tickless.gen.performance import Line
from tickless.hw.board.dividers import PllConfig
from tickless.hw.board.network_top import NetworkTop
from tickless.hw.board.pll import Pll
from tickless.hw.board.rgmii import RGMII_HZ, RgmiiDelays
from tickless.hw.board.sdram_top import SdramTop
from tickless.hw.board.top import BoardTop
from tickless.hw.design import Design
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.datagram import MOST_BYTES
from tickless.hw.ethernet.mac import CHECK_BYTES, GAP_BYTES, PREAMBLE_BYTES
from tickless.hw.ethernet.receiver import HEADERS
from tickless.hw.host.config import HostConfig
from tickless.hw.host.port_system import ROOM_BYTES
from tickless.hw.host.system import System
from tickless.hw.host.udp_system import UdpSystem
from tickless.hw.passes.system import PassSystem
from tickless.hw.usb.ulpi import ULPI_HZ

if TYPE_CHECKING:
    from tickless.hw.host.usb_system import UsbSystem

__all__ = ["FT2232H", "Link", "SerialLink", "UdpLink", "UsbLink"]

BYTE_BITS = 10
"""Bits of a byte on a serial line: 8N1."""

PACKET_BYTES = PREAMBLE_BYTES + 1 + HEADERS + CHECK_BYTES + GAP_BYTES
"""Bytes of a datagram on the wire beside those of the line, the silence behind it among them."""

BULK_BYTES = 13 * 512
"""Most bytes of bulk packets in a microframe, of which a second has 8,000 (USB 2.0, table 5-10)."""


@dataclass(frozen=True)
class SerialLink:
    """Serial port, the resource ``uart`` of a board's platform.

    Parameters
    ----------
    bauds : tuple of int
        Rates, the highest first: the first one that the clock can give is taken. By default those
        of an FT231X, which has 3 MHz at most (FTDI's data sheet DS_FT231X), and of what stands for
        it on the other boards.
    """

    bauds: tuple[int, ...] = (3_000_000, 2_000_000, 1_000_000)

    name: ClassVar[str] = "serial"
    parts: ClassVar[tuple[Part, ...]] = ()
    clocks_hz: ClassVar[tuple[int, ...]] = ()

    def host_config(self, clock_hz: int, stored_events: int, network: int) -> HostConfig:
        """Host link at the highest of the rates that a clock gives.

        Raises
        ------
        InputError
            If the clock gives none of them.
        """
        for baud in self.bauds:
            with suppress(ValueError):
                return HostConfig(clock_hz, baud, stored_events=stored_events, network=network)
        raise InputError(f"a clock of {clock_hz} Hz gives none of the rates {self.bauds}")

    def system(self, design: Design, host: HostConfig) -> System:
        """A design behind the link."""
        return System(design, host)

    def top(self, system: Any, pll: PllConfig, kind: type[Pll]) -> BoardTop:
        """A system between the board's pins."""
        if isinstance(system, PassSystem):
            return SdramTop(system, pll)
        return BoardTop(system, pll, kind)

    def line(self, host: HostConfig) -> Line:
        """How fast it is."""
        return Line(host.baud / BYTE_BITS)

    def figures(self, host: HostConfig) -> dict[str, Any]:
        """Its part of ``build.json``."""
        return {
            "title": f"a serial line at {host.baud:,} baud",
            "run_options": f"--port PORT --baud {host.baud}",
            "baud": host.baud,
        }


FT2232H = SerialLink((12_000_000, 8_000_000, 6_000_000, 4_000_000, 3_000_000, 2_000_000, 1_000_000))
"""That of an FT2232H: 12 MHz by 1, 1.5 and 2 or more (FTDI's AN_120, "High speed devices")."""


class _PortLink:
    """Link through a port whose clock is its own, which is no serial line."""

    def host_config(self, clock_hz: int, stored_events: int, network: int) -> HostConfig:
        """Host link for a clock."""
        return HostConfig(
            clock_hz, baud=0, buffer_bytes=ROOM_BYTES, stored_events=stored_events, network=network
        )


@dataclass(frozen=True)
class UdpLink(_PortLink):
    """UDP over a gigabit of Ethernet: the resource ``eth_rgmii`` of a board's platform.

    Parameters
    ----------
    delays : RgmiiDelays
        Delays in its pins.
    ethernet : EthernetConfig
        The board's addresses.
    """

    delays: RgmiiDelays
    ethernet: EthernetConfig = field(default_factory=EthernetConfig)

    name: ClassVar[str] = "udp"
    clocks_hz: ClassVar[tuple[int, ...]] = (RGMII_HZ,)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Parts of a design beside its cores and its host link."""
        config = self.ethernet
        queues = (config.inbox_bytes, 8), (config.outbox_bytes, 8)
        return (Part("ethernet", {"one": 1.0}, queues),)

    def system(self, design: Design, host: HostConfig) -> UdpSystem:
        """A design behind the link."""
        return UdpSystem(design, host, self.ethernet)

    def top(self, system: Any, pll: PllConfig, kind: type[Pll]) -> BoardTop:
        """A system between the board's pins."""
        return NetworkTop(system, pll, kind, self.delays)

    def line(self, host: HostConfig) -> Line:
        """How fast it is."""
        share = MOST_BYTES / (MOST_BYTES + PACKET_BYTES)
        return Line(RGMII_HZ * share, PACKET_BYTES / RGMII_HZ)

    def figures(self, host: HostConfig) -> dict[str, Any]:
        """Its part of ``build.json``."""
        address, port = self.ethernet.address, self.ethernet.port
        return {
            "title": f"UDP at {address}",
            "run_options": f"--port udp://{address}:{port}",
            "address": address,
            "port": port,
        }


@dataclass(frozen=True)
class UsbLink(_PortLink):
    """USB of high speed: the resource ``ulpi`` of a board's platform."""

    name: ClassVar[str] = "usb"
    parts: ClassVar[tuple[Part, ...]] = (Part("usb", {"one": 1.0}),)
    clocks_hz: ClassVar[tuple[int, ...]] = (ULPI_HZ,)

    def system(self, design: Design, host: HostConfig) -> "UsbSystem":
        """A design behind the link.

        Raises
        ------
        ToolError
            If LUNA is not installed.
        """
        try:
            from tickless.hw.host.usb_system import UsbSystem
        except ModuleNotFoundError as error:
            raise ToolError(
                f"link usb: no module {error.name}: expected LUNA: pip install 'tickless[usb]'"
            ) from None
        return UsbSystem(design, host)

    def top(self, system: Any, pll: PllConfig, kind: type[Pll]) -> BoardTop:
        """A system between the board's pins."""
        from tickless.hw.board.usb_top import UsbTop

        return UsbTop(system, pll, kind)

    def line(self, host: HostConfig) -> Line:
        """How fast it is."""
        return Line(8000 * BULK_BYTES)

    def figures(self, host: HostConfig) -> dict[str, Any]:
        """Its part of ``build.json``."""
        return {"title": "USB of high speed", "run_options": "--port PORT"}


Link = SerialLink | UdpLink | UsbLink
