"""Test bench of a simulated board in a network: runs inside the simulator, moves datagrams between
GMII and a UDP socket.

Python wakes once in `POLL_CYCLES` clock cycles; bytes are the business of ``native/gmii.cpp``.
"""

import ctypes
import json
import os
import select
import socket
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import Timer

from tickless.host.clock import SimulatedClock
from tickless.hw.ethernet.config import EthernetConfig
from tickless.sim.board.frames import datagram_of, frame_of
from tickless.sim.board.testbench import PLAN_VARIABLE, QUIET_CYCLES, REST_S

__all__ = ["serve"]

NETWORK_HZ = 125_000_000

POLL_CYCLES = 256
"""Clock cycles between two looks at the socket: 3.4 us at 75 MHz."""

MOST_FRAMES = 16
"""Frames that wait for the board; further datagrams wait in the socket."""

MOST_BYTES = 2048


@cocotb.test()
async def serve(dut) -> None:
    """Pass datagrams on until this process is ended."""
    plan = json.loads(os.environ[PLAN_VARIABLE])
    library = ctypes.CDLL(None)
    library.tickless_gmii_setup.argtypes = [ctypes.c_uint32]
    library.tickless_gmii_quiet.restype = ctypes.c_uint64
    library.tickless_gmii_setup(int(plan["bit_errors"] * 2**32))
    clock, seconds = SimulatedClock(Path(plan["clock"])), 0.0
    board = EthernetConfig(**plan["ethernet"])
    link = socket.socket(fileno=plan["socket"])
    link.setblocking(False)
    buffer = ctypes.create_string_buffer(MOST_BYTES)
    # Periods in steps, whose ratio is that of the clocks.
    ratio = Fraction(plan["clock_hz"], NETWORK_HZ).limit_denominator(1000)
    period = 2 * ratio.denominator
    Clock(dut.clk, period, unit="step").start()
    Clock(dut.network_clk, 2 * ratio.numerator, unit="step").start()
    host = None
    while True:
        # First of all, so that nothing comes before the design is out of its reset.
        await Timer(period * POLL_CYCLES, "step")
        seconds += POLL_CYCLES / plan["clock_hz"]
        if library.tickless_gmii_quiet() > QUIET_CYCLES:
            before = time.monotonic()
            select.select([link], [], [], REST_S)
            seconds += min(time.monotonic() - before, REST_S)
        while count := library.tickless_gmii_take(buffer, MOST_BYTES):
            payload = datagram_of(buffer.raw[:count])
            if payload is not None and host is not None:
                # What the host does not take is lost.
                with suppress(BlockingIOError, ConnectionRefusedError):
                    link.sendto(payload, host)
        clock.set(seconds)  # whatever came out before can be read
        while library.tickless_gmii_waiting() < MOST_FRAMES:
            try:
                payload, host = link.recvfrom(MOST_BYTES)
            except BlockingIOError:
                break
            except ConnectionRefusedError:  # the last host has gone
                continue
            frame = frame_of(payload, board)
            library.tickless_gmii_put(frame, len(frame))
