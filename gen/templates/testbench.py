"""Test bench of a generated core: the samples of samples.json, and answers that must be equal.

Offers and pauses are random. Runs under cocotb 2, as `fusesoc run --target sim` starts it.
"""

import json
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout

PLAN = json.loads((Path(__file__).parent / "samples.json").read_text())

LIMIT_US = 10_000


def port(dut, stream, part):
    """A port of a stream, by what it carries."""
    return getattr(dut, PLAN[stream][part])


async def send(dut, clock):
    """Send all transfers, at random times."""
    rng = random.Random(1)
    valid, ready = port(dut, "input", "valid"), port(dut, "input", "ready")
    for transfer in PLAN["transfers"]:
        while rng.random() < PLAN["pauses"]:
            await RisingEdge(clock)
        for part, value in transfer.items():
            port(dut, "input", part).value = value
        valid.value = 1
        await RisingEdge(clock)
        while not ready.value:
            await RisingEdge(clock)
        valid.value = 0


async def check(dut, clock):
    """Take all answers, at random times, and compare."""
    rng = random.Random(2)
    valid, ready = port(dut, "output", "valid"), port(dut, "output", "ready")
    for index, expected in enumerate(PLAN["answers"]):
        taken = False
        while not taken:
            ready.value = accepts = rng.random() >= PLAN["pauses"]
            await RisingEdge(clock)
            taken = accepts and valid.value
        for part, (value, mask) in expected.items():
            seen = int(port(dut, "output", part).value) & mask
            assert seen == value & mask, f"answer {index}, {part}: {seen:#x}, not {value:#x}"
    ready.value = 0


@cocotb.test()
async def test(dut):
    """The samples, from reset."""
    clock, reset = getattr(dut, PLAN["clock"]), getattr(dut, PLAN["reset"])
    reset.value = PLAN["reset_level"]
    port(dut, "input", "valid").value = 0
    port(dut, "output", "ready").value = 0
    Clock(clock, 10, unit="ns").start()
    await ClockCycles(clock, 4)
    reset.value = not PLAN["reset_level"]
    cocotb.start_soon(send(dut, clock))
    await with_timeout(check(dut, clock), LIMIT_US, "us")
