"""Test bench of an AXI core: runs inside the simulator, with cocotbext-axi at all its ports.

The plan comes as ``plan.json`` in the folder of the run, what was seen goes to ``outcome.json``.
"""

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from tickless.host.axi import AxiClient
from tickless.host.port import BoardError
from tickless.host.transmission import Transmission

FOLDER_VARIABLE = "TICKLESS_AXI_FOLDER"

CHANNELS = {
    "m_axis_t": ("data", "last"),
    "s_axi_b": ("resp",),
    "s_axi_r": ("data", "resp"),
}
"""Channels that the core drives, and what must stand still on them."""

SHAKE = ("valid", "ready")

LIMIT_US = 1000


class Core:
    """The core's ports, and a clock of 10 ns."""

    def __init__(self, dut):
        self.dut = dut
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        stream, lite = AxiStreamBus, AxiLiteBus
        self.source = AxiStreamSource(stream.from_prefix(dut, "s_axis"), dut.aclk, **reset)
        self.sink = AxiStreamSink(stream.from_prefix(dut, "m_axis"), dut.aclk, **reset)
        self.lite: Any = AxiLiteMaster(lite.from_prefix(dut, "s_axi"), dut.aclk, **reset)

    async def start(self) -> None:
        dut = self.dut
        dut.aresetn.value = 0
        Clock(dut.aclk, 10, unit="ns").start()
        await ClockCycles(dut.aclk, 4)
        dut.aresetn.value = 1
        for name, fields in CHANNELS.items():
            cocotb.start_soon(self._watch(name, fields))

    async def _watch(self, name: str, fields: tuple[str, ...]) -> None:
        """Fail where an offer is taken back or changed before it is taken."""
        held = None
        while True:
            await RisingEdge(self.dut.aclk)
            await ReadOnly()
            value = {part: getattr(self.dut, name + part).value for part in (*SHAKE, *fields)}
            valid, seen = bool(value["valid"]), [value[field] for field in fields]
            assert held is None or (valid and seen == held), f"{name}: {held}, then {seen}"
            # Values behind an edge are taken at the next one.
            held = seen if valid and not value["ready"] else None

    async def read(self, address: int) -> int:
        return int(await self.lite.read_dword(address))

    async def write(self, address: int, value: int) -> None:
        await self.lite.write_dword(address, value)


class Port:
    """`host.axi.AxiPort` from a thread beside the simulation."""

    def __init__(self, core: Core):
        self.read = resume(core.read)
        self.write = resume(core.write)
        self._send = resume(core.source.send)
        self._receive = resume(core.sink.recv)

    def send(self, beats: np.ndarray) -> None:
        self._send(AxiStreamFrame(beats.tobytes()))

    def receive(self, words: int) -> np.ndarray:
        frame = self._receive()
        assert len(frame.tdata) == 4 * words
        return np.frombuffer(bytes(frame.tdata), "<u4")


def pauses(seed: int, share: float):
    """Pauses in a share of the clocks, in runs of any length."""
    rng = random.Random(seed)
    while True:
        pause = rng.random() < share
        for _ in range(rng.randint(1, 8)):
            yield pause


async def stream(core: Core, plan: dict[str, Any]) -> dict[str, Any]:
    """Send packets at once and take all answers, registers read all the while."""
    write, read = core.lite.write_if, core.lite.read_if
    channels = (core.source, core.sink, write.aw_channel, write.w_channel, write.b_channel)
    for number, channel in enumerate((*channels, read.ar_channel, read.r_channel)):
        channel.set_pause_generator(pauses(number, plan["stalls"]))
    done = False

    async def ask() -> list[tuple[int, int]]:
        seen = []
        for address in itertools.cycle(plan["polled"]):
            if done:
                return seen
            seen.append((address, await core.read(address)))
        return seen

    asking = cocotb.start_soon(ask())
    for packet in plan["packets"]:
        await core.source.send(AxiStreamFrame(bytes.fromhex(packet)))
    answers = []
    for _ in range(plan["answers"]):
        frame = await with_timeout(core.sink.recv(), LIMIT_US, "us")
        answers.append(bytes(frame.tdata).hex())
    done = True
    refused = []
    for address in plan["refused"]:
        refused.append((await core.lite.read(address, 4)).resp == AxiResp.SLVERR)
        refused.append((await core.lite.write(address, bytes(4))).resp == AxiResp.SLVERR)
    counts = [await core.read(address) for address in plan["counters"]]
    return {"answers": answers, "polled": await asking, "refused": refused, "counts": counts}


def drive(port: Port, plan: dict[str, Any]) -> dict[str, Any]:
    """Use the core as a program on a board does."""
    client = AxiClient(port, clock_hz=100_000_000)
    outcome: dict[str, Any] = {"info": vars(client.info), "answers": [], "refusals": []}
    for step in plan["steps"]:
        match step:
            case {"load": path}:
                try:
                    client.load(np.load(path))
                except BoardError as error:
                    outcome["refusals"].append(str(error))
            case {"margin": margin}:
                client.margin = margin
                assert client.margin == margin
            case {"events": path, "read_every": read_every}:
                events = np.load(path)
                reads = range(read_every, len(events) + 1, read_every) if read_every else ()
                sample = Transmission(events, reads=reads)
                outcome["answers"].append([vars(answer) for answer in client.answers([sample])])
    outcome["counters"] = [client.counters(core) for core in range(client.info.cores)]
    return outcome


@cocotb.test()
async def test(dut) -> None:
    folder = Path(os.environ[FOLDER_VARIABLE])
    plan = json.loads((folder / "plan.json").read_text())
    core = Core(dut)
    await core.start()
    if "steps" in plan:
        outcome = await bridge(drive)(Port(core), plan)
    else:
        outcome = await stream(core, plan)
    (folder / "outcome.json").write_text(json.dumps(outcome))
