"""Boards between an Ethernet PHY's pins in simulators, run by `tests.sim.ethernet.testbench`."""

from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, IOPort, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out, connect

from tests.sim.ethernet import testbench
from tests.sim.planned import simulate_plan
from tickless.gen.configure import design_factory
from tickless.gen.verilog import verilog
from tickless.hw.board import phy
from tickless.hw.board.rgmii import RgmiiDelays
from tickless.hw.config import DesignConfig
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.host.config import HostConfig
from tickless.hw.host.messages import network_number
from tickless.hw.host.port_system import ROOM_BYTES
from tickless.hw.host.udp_system import NETWORK_DOMAIN, UdpSystem
from tickless.sw.integer.network import Network

PINS_MODEL = Path(__file__).with_name("pins.v")

CLOCK_HZ = 75_000_000

PINS = {"rst": 1, "tx_clk": 1, "tx_ctl": 1, "tx_data": 4, "rx_clk": 1, "rx_ctl": 1, "rx_data": 4}


class Pins:
    """Pins of a PHY, as a platform gives them."""

    def __init__(self):
        for name, width in PINS.items():
            direction = io.Direction.Input if name.startswith("rx") else io.Direction.Output
            port = io.SingleEndedPort(
                IOPort(width, name=name), invert=name == "rst", direction=direction
            )
            setattr(self, name, port)


class RgmiiBench(wiring.Component):
    """Board in a network, but for its PLL, as `sim.build.build` takes it."""

    clk: Signal
    up: Signal
    definition = None

    def __init__(self, network: Network, config: DesignConfig):
        self.pins = Pins()
        host = HostConfig(
            CLOCK_HZ, baud=0, buffer_bytes=ROOM_BYTES, network=network_number(network.hash)
        )
        self.system = UdpSystem(design_factory(config, network)(), host, EthernetConfig())
        super().__init__({"clk": In(1), "up": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain("sync", reset_less=True)
        m.submodules.system = self.system
        m.submodules.phy = board_phy = phy.Phy(self.pins, RgmiiDelays(), CLOCK_HZ)
        connect(m, self.system.gmii, board_phy.gmii)
        m.domains += ClockDomain(NETWORK_DOMAIN)
        m.d.comb += [
            ClockSignal().eq(self.clk),
            ClockSignal(NETWORK_DOMAIN).eq(board_phy.clock),
            self.up.eq(board_phy.up),
        ]
        return m

    def verilog(self) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(phy, "RESET_SECONDS", 1e-6)  # nothing here waits for a PHY
            return verilog(self, "bench") + PINS_MODEL.read_text()


def simulate_rgmii(
    bench: RgmiiBench, plan: dict[str, Any], folder: Path, optimize: bool = False
) -> dict[str, Any]:
    """What the test bench saw."""
    return simulate_plan(bench, plan, folder, testbench, optimize)
