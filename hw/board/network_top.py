"""Top of a board in a network: its Ethernet port in the place of the serial one."""

from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Module, ValueLike
from amaranth.lib.wiring import connect

from tickless.hw.board.dividers import PllConfig
from tickless.hw.board.phy import Phy
from tickless.hw.board.pll import Pll
from tickless.hw.board.rgmii import RGMII_HZ, RgmiiDelays
from tickless.hw.board.top import BoardTop
from tickless.hw.host.udp_system import NETWORK_DOMAIN, UdpSystem

__all__ = ["NetworkTop"]


class NetworkTop(BoardTop):
    """System on a board of Amaranth's with an Ethernet PHY; lights as of `BoardTop`, but the third
    one shows that there is a link.

    Parameters
    ----------
    system : UdpSystem
        What the board does.
    config : PllConfig
        Dividers of the clock.
    pll : type of Pll
        The PLL of the board's FPGA, an ECP5.
    delays : RgmiiDelays
        Delays in the pins of the resource ``eth_rgmii``.
    """

    system: UdpSystem

    def __init__(self, system: UdpSystem, config: PllConfig, pll: type[Pll], delays: RgmiiDelays):
        super().__init__(system, config, pll)
        self.delays = delays

    def add_link(self, m: Module, platform: Any) -> ValueLike:
        pins = platform.request("eth_rgmii", 0, dir="-")
        platform.add_clock_constraint(pins.rx_clk.io, RGMII_HZ)
        m.submodules.phy = phy = Phy(pins, self.delays, self.config.clock_hz)
        m.domains += ClockDomain(NETWORK_DOMAIN)
        connect(m, self.system.gmii, phy.gmii)
        m.d.comb += ClockSignal(NETWORK_DOMAIN).eq(phy.clock)
        return phy.up
