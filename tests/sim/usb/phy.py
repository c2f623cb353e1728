"""ULPI PHY for simulations, as its specification (revision 1.1) describes it."""

import random
from typing import Any

from cocotb.triggers import FallingEdge, First, Timer, ValueChange
from cocotb.utils import get_sim_time

__all__ = ["UlpiPhy"]

RECEIVING, VBUS = 0b01 << 4, 0b11 << 2
"""Bits of an RX CMD: a packet is being received; the host's voltage is there."""

J = 0b01

HEARD_CLOCKS = 100_000
"""Clocks in one step at most where a packet is waited for."""

STALLS = 0.05
"""Share of the clocks of a packet in which a byte waits, as for a stuffed bit."""


class UlpiPhy:
    """PHY between a host and the board's signals.

    Works at the falling edge of its clock: what stands then is what the next rising edge takes.

    Parameters
    ----------
    period_ps : int
        Of its clock.

    Members
    -------
    registers : dict of int to int
        What the link has written.
    sent : list of bytes
        Packets of the link, the first byte the packet identifier's, that nobody took yet.
    clocks : int
        Clocks so far.
    """

    def __init__(self, dut: Any, period_ps: int, seed: int = 0):
        self.dut, self.period_ps, self.rng = dut, period_ps, random.Random(seed)
        self.registers: dict[int, int] = {}
        self.sent: list[bytes] = []
        self.clocks = 0
        self.state = J
        self._drive()

    async def idle(self, clocks: int = 1) -> None:
        """Let clocks pass, and take what the link sends in them."""
        until = self.clocks + clocks
        while self.clocks < until:
            await self._silence(until - self.clocks - 1)
            await self._take()

    async def hear(self) -> bytes:
        """The link's next packet, however late."""
        while not self.sent:
            await self._silence(HEARD_CLOCKS)
            await self._take()
        return self.sent.pop(0)

    async def packet(self, content: bytes) -> None:
        """Give the link a packet from the host."""
        await self._edge()
        self._drive(dir=1, nxt=1)
        await self._edge()
        self._drive(dir=1, data=RECEIVING | VBUS | J)
        for byte in content:
            while self.rng.random() < STALLS:
                await self._edge()
                self._drive(dir=1, data=RECEIVING | VBUS | J)
            await self._edge()
            self._drive(dir=1, nxt=1, data=byte)
        await self._edge()
        self._drive(dir=1, data=VBUS)
        await self._edge()
        self._drive()
        await self._edge()

    async def line(self, state: int) -> None:
        """Tell the link the state of the line: D- and D+."""
        self.state = state
        for data in (0, VBUS | state):
            await self._edge()
            self._drive(dir=1, data=data)
        await self._edge()
        self._drive()
        await self._edge()

    async def _silence(self, clocks: int) -> None:
        """Let clocks pass, at most so many, until the link says something, in one step."""
        if clocks < 1 or int(self.dut.ulpi_data_o.value):
            return
        began = get_sim_time("ps")
        # A quarter of a clock past an edge: the next one is not missed.
        until = Timer(clocks * self.period_ps + self.period_ps // 4, "ps")
        await First(until, ValueChange(self.dut.ulpi_data_o))
        self.clocks += int(get_sim_time("ps") - began) // self.period_ps

    async def _take(self) -> None:
        """Let a clock pass, and take what the link sends from it on."""
        data, _ = await self._edge()
        self._drive()
        if data:
            await self._command(data)

    async def _edge(self) -> tuple[int, int]:
        """Data and STP of the link in the clock that the next rising edge ends."""
        await FallingEdge(self.dut.ulpi_clk)
        self.clocks += 1
        return int(self.dut.ulpi_data_o.value), int(self.dut.ulpi_stp.value)

    def _drive(self, dir: int = 0, nxt: int = 0, data: int = 0) -> None:
        self.dut.ulpi_dir.value = dir
        self.dut.ulpi_nxt.value = nxt
        self.dut.ulpi_data_i.value = data

    async def _command(self, command: int) -> None:
        kind, rest = command >> 6, command & 0x3F
        self._drive(nxt=1)
        taken = bytearray()
        while True:
            data, stop = await self._edge()
            if stop:
                break
            waits = kind == 1 and self.rng.random() < STALLS
            self._drive(nxt=not waits)
            if not waits:
                taken.append(data)
        self._drive()
        match kind:
            case 1:
                # Without an identifier it is a chirp.
                self.sent.append(bytes([rest | (rest ^ 15) << 4]) + taken if rest else b"")
            case 2:
                (self.registers[rest],) = taken
            case _:
                raise AssertionError(f"command {command:02x}: expected none of this kind")
