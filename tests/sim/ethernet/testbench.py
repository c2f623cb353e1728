"""Test bench of a board's Ethernet pins: runs inside the simulator, cocotbext-eth in the PHY's
place and the host's own driver behind it.

The plan comes as ``plan.json`` in the folder of the run, what was seen goes to ``outcome.json``.
"""

import json
import os
import random
from collections import Counter, deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import Event, First, RisingEdge, Timer, ValueChange, with_timeout
from cocotb.utils import get_sim_time
from cocotbext.eth import GmiiFrame, RgmiiSink, RgmiiSource

from tickless.host import udp
from tickless.host.client import Client
from tickless.host.datagrams import Datagram, read_datagram
from tickless.host.transmission import Transmission
from tickless.hw.ethernet.config import EthernetConfig
from tickless.sim.board.frames import PREAMBLE, datagram_of, frame_of

FOLDER_VARIABLE = "TICKLESS_RGMII_FOLDER"

CLOCK_PS = 13_334  # 75 MHz

PHY_NS, SLOW_NS = 8, 40
"""Clocks of a gigabit and of a fifth of it."""

LIMIT_US = 2_000

STEP_S = 1e-9

RESEND_S, RESEND_MOST_S, LOST_S, TICK_S, PATIENCE_S = 1e-4, 5e-4, 1e-3, 5e-4, 0.01
"""Times of `host.udp` and of the client, in which a network passes and this one is simulated: 1.5 s
are 187 million clocks."""


class Faults:
    """What becomes of the frames of one direction."""

    def __init__(self, seed: int, share: float):
        self.rng = random.Random(seed)
        self.share = share
        self.held: list[bytes] = []
        self.count: Counter[str] = Counter()

    def damage(self, frame: bytes) -> bytes:
        """The frame with wrong bits, or cut, or longer; its preamble too may be."""
        rng, content = self.rng, bytearray(frame)
        for _ in range(rng.randrange(1, 4)):
            match rng.randrange(3):
                case 0:
                    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
                case 1:
                    del content[rng.randrange(1, len(content) + 1) :]
                case 2:
                    content += rng.randbytes(rng.randrange(1, 40))
        return bytes(content)

    def pass_on(self, frame: bytes) -> list[bytes]:
        """Frames that arrive in the place of one."""
        kinds = ("lost", "doubled", "late", "corrupt")
        chance = self.rng.random()
        kind = next((kind for n, kind in enumerate(kinds, 1) if chance < n * self.share), "whole")
        self.count[kind] += 1
        arrived = {
            "lost": [],
            "doubled": [frame, frame],
            "late": [],
            "corrupt": [self.damage(frame)] if kind == "corrupt" else [],
            "whole": [frame],
        }[kind]
        # What is late comes behind what was sent after it.
        arrived = [*arrived, *self.held]
        self.held = [frame] if kind == "late" else []
        return arrived


class Network:
    """The PHY's pins, and in a thread beside the simulation what `host.udp` takes for its socket
    and its clock."""

    def __init__(self, dut, plan: dict[str, Any]):
        self.dut, self.board = dut, EthernetConfig()
        self.source = RgmiiSource(dut.rx_data, dut.rx_ctl, dut.rx_clk)
        self.sink = RgmiiSink(dut.tx_data, dut.tx_ctl, dut.tx_clk)
        share = plan.get("faults", 0.0)
        self.to_board, self.to_host = Faults(1, share), Faults(2, share)
        self.arrived: deque[bytes] = deque()
        self.arrival = Event()
        self.seconds = 0.0
        self.edges: dict[str, list[float]] = {"rx_ctl": [], "tx_ctl": []}
        self.bytes: dict[str, list[int]] = {"rx_ctl": [], "tx_ctl": []}  # of the line, by frame
        self.clock: Clock | None = None
        self._send, self._wait = resume(self._sending), resume(self._waiting)
        self.settle, self.disturb = resume(self._settling), resume(self._disturbing)
        self.outage = resume(self._outage)

    async def start(self) -> None:
        Clock(self.dut.clk, CLOCK_PS, unit="ps").start()
        cocotb.start_soon(self._listen())
        for name in self.edges:
            cocotb.start_soon(self._watch(name))
        self._run_clock(PHY_NS)
        await self._up()

    def _run_clock(self, period_ns: int | None) -> None:
        if self.clock is not None:
            self.clock.stop()
        self.clock = None
        if period_ns is not None:
            self.clock = Clock(self.dut.rx_clk, period_ns, unit="ns")
            self.clock.start()

    async def _up(self) -> None:
        if not self.dut.up.value:
            await with_timeout(RisingEdge(self.dut.up), LIMIT_US, "us")
        await Timer(1, "us")

    async def _outage(self) -> None:
        """No clock, then one of a slower link, then that of a gigabit."""
        for period_ns in (None, SLOW_NS):
            self._run_clock(period_ns)
            await Timer(100, "us")
            assert not self.dut.up.value
        self._run_clock(PHY_NS)
        await self._up()

    async def _watch(self, name: str) -> None:
        pin = getattr(self.dut, name)
        while True:
            await ValueChange(pin)
            self.edges[name].append(get_sim_time("ns"))

    def frames(self) -> list[tuple[float, float, str, int]]:
        """Start and end in ns, pin and bytes of the line of the frames since the last call."""
        found = []
        for name, edges in self.edges.items():
            spans = zip(edges[::2], edges[1::2], strict=True)
            found += [
                (*span, name, count) for span, count in zip(spans, self.bytes[name], strict=True)
            ]
            edges.clear()
            self.bytes[name].clear()
        return sorted(found)

    async def _listen(self) -> None:
        while True:
            frame = await self.sink.recv(compact=False)
            assert not frame.error  # None where no byte is marked
            content = bytes(frame.data)
            # cocotbext-eth wakes up by the first byte, and takes what is behind it.
            assert content.startswith(PREAMBLE[1:])
            self._note("tx_ctl", datagram_of(PREAMBLE[:1] + content))
            for each in self.to_host.pass_on(PREAMBLE[:1] + content):
                payload = datagram_of(each)
                if payload is not None:
                    self.arrived.append(payload)
            self.arrival.set()

    def _note(self, name: str, payload: bytes | None) -> None:
        datagram = read_datagram(payload or b"")
        self.bytes[name].append(0 if datagram is None else len(datagram.content))

    async def _sending(self, frames: list[bytes], payload: bytes) -> None:
        for frame in frames:
            self._note("rx_ctl", payload)
            await self.source.send(GmiiFrame(bytearray(frame)))
        self.seconds = get_sim_time("sec")

    async def _waiting(self, seconds: float) -> None:
        self.arrival.clear()
        if not self.arrived:
            await First(self.arrival.wait(), Timer(max(seconds, STEP_S), "sec", round_mode="ceil"))
        self.seconds = get_sim_time("sec")

    async def _settling(self) -> None:
        """Wait until all frames have left."""
        await self.source.wait()
        await Timer(2, "us")

    async def _disturbing(self, count: int) -> None:
        """Send damaged frames."""
        for n in range(count):
            payload = self.to_board.rng.randbytes(self.to_board.rng.randrange(80))
            frame = frame_of(Datagram(n, 0, 0, payload).encode(), self.board)
            self._note("rx_ctl", None)
            await self.source.send(GmiiFrame(bytearray(self.to_board.damage(frame))))
        await self.source.wait()

    # The socket, the clock, and what waits for them.

    def now_s(self) -> float:
        self.seconds += STEP_S  # in an instant nothing would ever be due
        return self.seconds

    def select(self, readers, writers, errors, seconds):
        self._wait(seconds)
        return readers, [], []

    def setblocking(self, flag: bool) -> None:
        pass

    def connect(self, address: tuple[str, int]) -> None:
        pass

    def close(self) -> None:
        pass

    def recv(self, size: int) -> bytes:
        if not self.arrived:
            raise BlockingIOError
        return self.arrived.popleft()[:size]

    def send(self, payload: bytes) -> None:
        self._send(self.to_board.pass_on(frame_of(payload, self.board)), payload)


def drive(network: Network, plan: dict[str, Any]) -> dict[str, Any]:
    """Classify samples as `tickless run` does."""
    udp.socket = SimpleNamespace(socket=lambda *arguments: network, AF_INET=None, SOCK_DGRAM=None)
    udp.select = SimpleNamespace(select=network.select)
    udp.time = SimpleNamespace(monotonic=network.now_s)
    udp.RESEND_S, udp.RESEND_MOST_S, udp.LOST_S = RESEND_S, RESEND_MOST_S, LOST_S
    udp.TICK_S = TICK_S
    outcome: dict[str, Any] = {"answers": []}
    with udp.UdpPort("udp://board") as port:
        client = Client(port, patience_s=PATIENCE_S)
        for step in plan["steps"]:
            match step:
                case {"samples": paths}:
                    samples = [Transmission(np.load(path)) for path in paths]
                    network.settle()
                    network.frames()
                    outcome["answers"] += [vars(answer) for answer in client.answers(samples)]
                    network.settle()
                    outcome["frames"] = network.frames()
                case {"disturb": count}:
                    network.disturb(count)
                case {"outage": True}:
                    network.outage()
        outcome["losses"] = vars(client.losses)
    outcome["faults"] = [network.to_board.count, network.to_host.count]
    return outcome


@cocotb.test()
async def test(dut) -> None:
    folder = Path(os.environ[FOLDER_VARIABLE])
    plan = json.loads((folder / "plan.json").read_text())
    network = Network(dut, plan)
    await network.start()
    outcome = await bridge(drive)(network, plan)
    (folder / "outcome.json").write_text(json.dumps(outcome))
