"""Test bench of a simulated board: runs inside the simulator, moves bytes between line and port.

Python wakes once in `POLL_CYCLES` clock cycles; bits are the business of ``native/serial.cpp``.
"""

import ctypes
import json
import os
import select
import time
from contextlib import suppress
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import Timer

from tickless.host.clock import SimulatedClock

__all__ = ["PLAN_VARIABLE", "serve"]

PLAN_VARIABLE = "TICKLESS_BOARD"
"""Environment variable with the plan as JSON: ``port``, the number of the open file at the far end
of the serial port; ``clock``, the path of its clock; ``clock_hz``, ``baud``; ``bit_errors``, the
share of bits that arrive wrong; ``sdram``, whether there is one."""

POLL_CYCLES = 1024
"""Clock cycles between two looks at the port."""

QUIET_CYCLES = 100_000
"""Cycles without any activity after which the board rests."""

REST_S = 0.1
"""Longest rest: a design that does something without being asked does it slowly, but does it."""

MOST_BYTES = 4096
"""Bytes that wait for the line; who sends more waits, too."""


@cocotb.test()
async def serve(dut) -> None:
    """Pass bytes on until nobody has the port open any more."""
    plan = json.loads(os.environ[PLAN_VARIABLE])
    library = ctypes.CDLL(None)
    library.tickless_line_setup.argtypes = [ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint32]
    library.tickless_line_quiet.restype = ctypes.c_uint64
    library.tickless_line_setup(plan["clock_hz"], plan["baud"], int(plan["bit_errors"] * 2**32))
    if plan["sdram"]:
        library.tickless_sdram_words()
    clock, seconds = SimulatedClock(Path(plan["clock"])), 0.0
    port = plan["port"]
    os.set_blocking(port, False)
    buffer = ctypes.create_string_buffer(MOST_BYTES)
    Clock(dut.clk, 2, unit="step").start()
    pending = b""
    while True:
        # First of all, so that nothing comes before the design is out of its reset.
        await Timer(2 * POLL_CYCLES, "step")
        seconds += POLL_CYCLES / plan["clock_hz"]
        if library.tickless_line_quiet() > QUIET_CYCLES:
            before = time.monotonic()
            select.select([port], [], [], REST_S)
            seconds += min(time.monotonic() - before, REST_S)
        count = library.tickless_line_take(buffer, MOST_BYTES)
        # What nobody reads is lost, as on a real port.
        pending = (pending + buffer.raw[:count])[-MOST_BYTES:]
        room = max(0, MOST_BYTES - library.tickless_line_waiting())
        try:
            with suppress(BlockingIOError):
                pending = pending[os.write(port, pending) :]
            with suppress(BlockingIOError):
                received = os.read(port, room)
                library.tickless_line_put(received, len(received))
        except OSError:
            return
        clock.set(seconds)  # whatever came out before can be read
