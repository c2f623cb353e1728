"""Boards at a USB PHY's signals in simulators, run by `tests.sim.usb.testbench`."""

from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from luna.gateware.usb.usb2.reset import USBResetSequencer

from tests.sim.planned import simulate_plan
from tests.sim.usb import testbench
from tickless.gen.configure import design_factory
from tickless.gen.verilog import verilog
from tickless.hw.config import DesignConfig
from tickless.hw.host.config import HostConfig
from tickless.hw.host.messages import network_number
from tickless.hw.host.port_system import ROOM_BYTES
from tickless.hw.host.usb_system import UsbSystem
from tickless.hw.usb.ulpi import ULPI_HZ, USB_DOMAIN
from tickless.sw.integer.network import Network

CLOCK_HZ = 75_000_000

MILLISECONDS = {"2": 2.0, "2P5": 2.5, "3": 3.0}
"""LUNA's waits in a reset and before a suspension, by their names."""


class UsbBench(wiring.Component):
    """Board at USB, but for its PLL and its pins, as `sim.build.build` takes it.

    Parameters
    ----------
    shortened : int
        By what LUNA's waits of milliseconds are divided: they would be most of a simulation.
    """

    clk: Signal
    ulpi_clk: Signal
    ulpi_data_i: Signal
    ulpi_data_o: Signal
    ulpi_dir: Signal
    ulpi_nxt: Signal
    ulpi_stp: Signal
    definition = None

    def __init__(self, network: Network, config: DesignConfig, shortened: int):
        self.shortened = shortened
        host = HostConfig(
            CLOCK_HZ, baud=0, buffer_bytes=ROOM_BYTES, network=network_number(network.hash)
        )
        self.system = UsbSystem(design_factory(config, network)(), host)
        super().__init__(
            {
                "clk": In(1),
                "ulpi_clk": In(1),
                "ulpi_data_i": In(8),
                "ulpi_data_o": Out(8),
                "ulpi_dir": In(1),
                "ulpi_nxt": In(1),
                "ulpi_stp": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain("sync", reset_less=True)
        m.domains += ClockDomain(USB_DOMAIN)
        m.submodules.system = self.system
        ulpi = self.system.ulpi
        m.d.comb += [
            ClockSignal().eq(self.clk),
            ClockSignal(USB_DOMAIN).eq(self.ulpi_clk),
            ulpi.data.i.eq(self.ulpi_data_i),
            ulpi.dir.eq(self.ulpi_dir),
            ulpi.nxt.eq(self.ulpi_nxt),
            self.ulpi_data_o.eq(ulpi.data.o),
            self.ulpi_stp.eq(ulpi.stp),
        ]
        return m

    def verilog(self) -> str:
        with pytest.MonkeyPatch.context() as patch:
            for name, wait in MILLISECONDS.items():
                clocks = round(wait * 1e-3 * ULPI_HZ / self.shortened)
                patch.setattr(USBResetSequencer, f"_CYCLES_{name}_MILLISECONDS", clocks)
            return verilog(self, "bench")


def simulate_usb(
    bench: UsbBench, plan: dict[str, Any], folder: Path, optimize: bool = False
) -> dict[str, Any]:
    """What the test bench saw."""
    plan = {"shortened": bench.shortened, **plan}
    return simulate_plan(bench, plan, folder, testbench, optimize)
