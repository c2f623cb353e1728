"""Test bench of a board at USB: runs inside the simulator, a PHY and a host's controller around it
and the host's own driver behind them.

The plan comes as ``plan.json`` in the folder of the run, what was seen goes to ``outcome.json``.
"""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import Event, First, Timer
from cocotb.utils import get_sim_time

from tests.sim.usb.host import PACKET_BYTES, UsbHost
from tests.sim.usb.phy import UlpiPhy
from tickless.host.client import Client
from tickless.host.transmission import Transmission

FOLDER_VARIABLE = "TICKLESS_USB_FOLDER"

CLOCK_PS, PHY_PS = 13_334, 16_668  # 75 and 60 MHz

STEP_S, WAIT_S, PATIENCE_S = 1e-9, 1e-4, 0.03

SE0, J, K = 0b00, 0b01, 0b10

CHIRP_CLOCKS = 3000
"""50 us."""

DEVICE = bytes.fromhex("8006 0001 0000 1200")
PRODUCT = bytes.fromhex("8006 0203 0904 ff00")
SET_ADDRESS = bytes.fromhex("0005 0500 0000 0000")
SET_CONFIGURATION = bytes.fromhex("0009 0100 0000 0000")
"""Requests of a system that meets a device."""


class Usb:
    """Controller of a host, and in a thread beside the simulation the port of its client."""

    def __init__(self, dut: Any):
        self.phy = UlpiPhy(dut, PHY_PS, seed=1)
        self.host = UsbHost(self.phy, seed=2)
        self.waiting, self.arrived = bytearray(), bytearray()
        self.arrival = Event()
        self.seconds = 0.0
        self.stops = False
        self._wait, self._write = resume(self._waiting), resume(self._writing)

    async def high_speed(self, shortened: int) -> None:
        """Reset the device, forget what was before, and answer the device's chirp with a host's, in
        so much less time."""
        chirp_clocks = CHIRP_CLOCKS // shortened
        self.host.begin()
        self.waiting.clear()
        self.arrived.clear()
        await self.phy.line(J)
        await self.phy.idle(chirp_clocks)
        await self.phy.line(SE0)
        assert await self.phy.hear() == b""  # a chirp
        for _ in range(4):
            for state in (K, J):
                await self.phy.line(state)
                await self.phy.idle(chirp_clocks)
        await self.phy.line(SE0)
        await self.phy.idle(chirp_clocks)

    async def enumerate(self) -> dict[str, Any]:
        """Ask for descriptors as a system does, and set address and configuration."""
        device = await self.host.control(DEVICE, 18)
        await self.host.control(SET_ADDRESS)
        self.host.address = SET_ADDRESS[2]
        await self.phy.idle(1000)
        product = await self.host.control(PRODUCT, 255)
        await self.host.control(SET_CONFIGURATION)
        return {"device": device.hex(), "product": product[2:].decode("utf-16-le")}

    async def run(self) -> None:
        """Pass on what waits, and ask for more."""
        self.stops = False
        while not self.stops:
            if self.waiting:
                part = bytes(self.waiting[:PACKET_BYTES])
                await self.host.out(part)
                del self.waiting[: len(part)]
            content = await self.host.bulk()
            if content:
                self.arrived += content
                self.arrival.set()
            self.seconds = get_sim_time("sec")

    async def _waiting(self) -> None:
        self.arrival.clear()
        if not self.arrived:
            await First(self.arrival.wait(), Timer(WAIT_S, "sec"))
        self.seconds = get_sim_time("sec")

    async def _writing(self, content: bytes) -> None:
        self.waiting += content

    # The port.

    @property
    def in_waiting(self) -> int:
        return len(self.arrived)

    def now_s(self) -> float:
        self.seconds += STEP_S  # in an instant nothing would ever be due
        return self.seconds

    def read(self, size: int = 1) -> bytes:
        self._wait()
        found = bytes(self.arrived[:size])
        del self.arrived[: len(found)]
        return found

    def write(self, content: bytes) -> int:
        self._write(content)
        return len(content)


def drive(usb: Usb, paths: list[str]) -> dict[str, Any]:
    """Classify samples as `tickless run` does."""
    client = Client(usb, patience_s=PATIENCE_S)
    samples = [Transmission(np.load(path)) for path in paths]
    began = usb.phy.clocks
    answers = [vars(answer) for answer in client.answers(samples)]
    return {
        "answers": answers,
        "clocks": usb.phy.clocks - began,
        "losses": vars(client.losses),
        "count": usb.host.count,
    }


@cocotb.test()
async def test(dut) -> None:
    folder = Path(os.environ[FOLDER_VARIABLE])
    plan = json.loads((folder / "plan.json").read_text())
    Clock(dut.clk, CLOCK_PS, unit="ps").start()
    Clock(dut.ulpi_clk, PHY_PS, unit="ps").start()
    usb, outcome = Usb(dut), []
    for paths in plan["sessions"]:
        await usb.high_speed(plan["shortened"])
        found = await usb.enumerate()
        found["registers"] = dict(usb.phy.registers)
        usb.host.faults = plan.get("faults", 0.0)
        running = cocotb.start_soon(usb.run())
        outcome.append(found | await bridge(drive)(usb, paths))
        usb.stops = True
        await running
    (folder / "outcome.json").write_text(json.dumps(outcome))
