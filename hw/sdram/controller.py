"""SDRAM controller: bursts of any length, a row open at a time."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.sdram.timing import (
    ADDRESS_BITS,
    BANK_BITS,
    COLUMN_BITS,
    COMMAND_LAYOUT,
    DATA_BITS,
    INIT_REFRESHES,
    PRECHARGE_ALL,
    Clocks,
    Command,
)

__all__ = ["COUNT_BITS", "PIN_CLOCKS", "REQUEST_LAYOUT", "SdramController", "refresh_due"]

COUNT_BITS = 16
"""Width of a burst's number of words."""

REQUEST_LAYOUT = data.StructLayout({"write": 1, "address": ADDRESS_BITS, "count": COUNT_BITS})
"""Layout of a request: ``count`` words, at least one, from ``address`` on."""

PIN_CLOCKS = 2
"""Clocks that registers at the pins add between READ and its word: one out, one in."""


class State(enum.Enum):
    """What the controller does."""

    POWER_UP = 0
    CLOSE_ALL = 1
    REFRESH = 2
    MODE = 3
    IDLE = 4
    ACCESS = 5
    CLOSE = 6


def refresh_due(clocks: Clocks) -> int:
    """Clocks behind a REFRESH after which the next one is due: whatever is under way then ends in
    time."""
    closing = max(clocks.activate_to_precharge, clocks.write_to_precharge, clocks.cas_latency + 1)
    most = max(closing + clocks.precharge_to_activate, clocks.refresh_to_any, clocks.mode_to_any)
    return clocks.refresh_interval - most - 1


class SdramController(wiring.Component):
    """Controller of an SDRAM part.

    Opens a row, reads or writes a word a clock in it, and closes it; at the end of a row, and where
    a refresh is due, it goes on in the next row, or in the same one, afterwards. The part is set to
    bursts of one word.

    Parameters
    ----------
    clocks : Clocks
        Timing of the part.

    Members
    -------
    request : In(stream)
        Bursts, done in order: `REQUEST_LAYOUT`.
    w : In(stream)
        Words to write, of all bursts that write, in order.
    r : Out(DATA_BITS)
        Word read.
    r_valid : Out(1)
        Whether there is one; it cannot be held up.
    command : Out(COMMAND_LAYOUT)
        What the registers at the pins take.
    read : In(DATA_BITS)
        What the registers at the pins give: `PIN_CLOCKS` clocks and the CAS latency behind READ.
    """

    request: stream.Interface
    w: stream.Interface
    r: Signal
    r_valid: Signal
    command: Any
    read: Signal

    def __init__(self, clocks: Clocks):
        self.clocks = clocks
        super().__init__(
            {
                "request": In(stream.Signature(REQUEST_LAYOUT)),
                "w": In(stream.Signature(DATA_BITS)),
                "r": Out(DATA_BITS),
                "r_valid": Out(1),
                "command": Out(COMMAND_LAYOUT),
                "read": In(DATA_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        clocks, command = self.clocks, self.command
        state = Signal(State)
        left = Signal(COUNT_BITS)  # words of the burst still to come
        write = Signal()
        address = Signal(ADDRESS_BITS)
        column = address[:COLUMN_BITS]
        bank = address[COLUMN_BITS:][:BANK_BITS]
        row = address[COLUMN_BITS + BANK_BITS :]
        refreshes = Signal(range(INIT_REFRESHES + 1))
        ready = Signal()  # the mode is set

        def countdown(name: str, *least: int, init: int = 0) -> Signal:
            waiting = Signal(range(max(*least, init) + 1), name=name, init=init)
            m.d.sync += waiting.eq(Mux(waiting == 0, 0, waiting - 1))
            return waiting

        # Clocks until the next command of each kind may come.
        wait = countdown("wait", clocks.power_up, clocks.refresh_to_any, init=clocks.power_up)
        reopen = countdown("reopen", clocks.activate_to_activate)
        access = countdown("access", clocks.activate_to_access)
        close = countdown(
            "close",
            clocks.activate_to_precharge,
            clocks.write_to_precharge,
            clocks.cas_latency + 1,
        )
        interval = refresh_due(clocks)
        until_refresh = Signal(range(interval + 1), init=interval)
        due = Signal()
        m.d.comb += due.eq(ready & (until_refresh == 0))
        m.d.sync += until_refresh.eq(Mux(until_refresh == 0, 0, until_refresh - 1))

        m.d.comb += [
            command.kind.eq(Command.NOP),
            command.bank.eq(bank),
            command.data.eq(self.w.payload),
        ]
        mode = Cat(Const(0, 4), Const(clocks.cas_latency, 3), Const(0, 6))
        reading = Signal()
        reads = Signal(clocks.cas_latency + PIN_CLOCKS)
        with m.Switch(state):
            with m.Case(State.POWER_UP), m.If(wait == 0):
                m.d.sync += state.eq(State.CLOSE_ALL)
            with m.Case(State.CLOSE_ALL):
                m.d.comb += [
                    command.kind.eq(Command.PRECHARGE),
                    command.address[PRECHARGE_ALL].eq(1),
                ]
                m.d.sync += [
                    state.eq(State.REFRESH),
                    wait.eq(clocks.precharge_to_activate - 1),
                ]
            with m.Case(State.REFRESH), m.If(wait == 0):
                m.d.comb += command.kind.eq(Command.REFRESH)
                m.d.sync += [
                    wait.eq(clocks.refresh_to_any - 1),
                    until_refresh.eq(interval),
                    state.eq(State.IDLE),
                ]
                with m.If(~ready):
                    m.d.sync += [refreshes.eq(refreshes + 1), state.eq(State.REFRESH)]
                    with m.If(refreshes == INIT_REFRESHES - 1):
                        m.d.sync += state.eq(State.MODE)
            with m.Case(State.MODE), m.If(wait == 0):
                m.d.comb += [command.kind.eq(Command.MODE), command.address.eq(mode)]
                m.d.sync += [
                    wait.eq(clocks.mode_to_any - 1),
                    ready.eq(1),
                    until_refresh.eq(interval),
                    state.eq(State.IDLE),
                ]
            with m.Case(State.IDLE):
                with m.If(due):
                    m.d.sync += state.eq(State.REFRESH)
                with m.Elif(left == 0):
                    m.d.comb += self.request.ready.eq(1)
                    m.d.sync += [
                        left.eq(Mux(self.request.valid, self.request.p.count, 0)),
                        address.eq(self.request.p.address),
                        write.eq(self.request.p.write),
                    ]
                with m.Elif((wait == 0) & (reopen == 0)):
                    m.d.comb += [command.kind.eq(Command.ACTIVATE), command.address.eq(row)]
                    m.d.sync += [
                        reopen.eq(clocks.activate_to_activate - 1),
                        access.eq(clocks.activate_to_access - 1),
                        close.eq(clocks.activate_to_precharge - 1),
                        state.eq(State.ACCESS),
                    ]
            with m.Case(State.ACCESS):
                with m.If(due):
                    m.d.sync += state.eq(State.CLOSE)
                with m.Elif((access == 0) & (~write | self.w.valid)):
                    m.d.comb += [
                        command.kind.eq(Mux(write, Command.WRITE, Command.READ)),
                        command.address.eq(column),
                        self.w.ready.eq(write),
                        reading.eq(~write),
                    ]
                    m.d.sync += [address.eq(address + 1), left.eq(left - 1)]
                    # PRECHARGE comes later than it might behind READ, so that a word that is
                    # read has left the pins before a WRITE.
                    least = Mux(write, clocks.write_to_precharge - 1, clocks.cas_latency)
                    with m.If(close <= least):
                        m.d.sync += close.eq(least)
                    with m.If((left == 1) | column.all()):
                        m.d.sync += state.eq(State.CLOSE)
            with m.Case(State.CLOSE), m.If(close == 0):
                # The bank of the row that is open: the address may be that of the next row.
                m.d.comb += [
                    command.kind.eq(Command.PRECHARGE),
                    command.address[PRECHARGE_ALL].eq(1),
                ]
                m.d.sync += [
                    wait.eq(clocks.precharge_to_activate - 1),
                    state.eq(Mux(due, State.REFRESH, State.IDLE)),
                ]
        m.d.sync += reads.eq(Cat(reading, reads))
        m.d.comb += [self.r.eq(self.read), self.r_valid.eq(reads[-1])]
        return m
