"""SDRAM part for simulation: keeps its rules, and reads and writes words that lie elsewhere."""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.sdram.rules import RULES, SdramRules
from tickless.hw.sdram.timing import (
    ADDRESS_BITS,
    BANK_BITS,
    COLUMN_BITS,
    COMMAND_LAYOUT,
    DATA_BITS,
    ROW_BITS,
    Clocks,
    Command,
)

__all__ = ["UNDRIVEN", "SdramModel"]

UNDRIVEN = 0xDEAD
"""What is read from pins that nobody drives."""


class SdramModel(wiring.Component):
    """SDRAM part behind the registers at an FPGA's pins.

    Parameters
    ----------
    clocks : Clocks
        Timing of the part.

    Members
    -------
    command : In(COMMAND_LAYOUT)
        The command, ahead of the registers.
    read : Out(DATA_BITS)
        What the part drives, behind the registers; `UNDRIVEN` where it does not.
    broken : Out
        Rules of `hw.sdram.rules.RULES` that were broken so far. A command that breaks one writes
        nothing.
    address : Out(ADDRESS_BITS)
        Word that is read, or written, in this clock.
    write : Out(1)
        Whether it is written.
    data : Out(DATA_BITS)
        With what.
    word : In(DATA_BITS)
        The word that was read a clock ago.
    """

    command: Any
    read: Signal
    broken: Signal
    address: Signal
    write: Signal
    data: Signal
    word: Signal

    def __init__(self, clocks: Clocks):
        self.clocks = clocks
        super().__init__(
            {
                "command": In(COMMAND_LAYOUT),
                "read": Out(DATA_BITS),
                "broken": Out(len(RULES)),
                "address": Out(ADDRESS_BITS),
                "write": Out(1),
                "data": Out(DATA_BITS),
                "word": In(DATA_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.rules = rules = SdramRules(self.clocks)
        command: Any = Signal(COMMAND_LAYOUT, init={"kind": Command.NOP})
        m.d.sync += command.eq(self.command)
        m.d.comb += rules.command.eq(command)
        m.d.sync += self.broken.eq(self.broken | rules.broken)
        rows = Array(Signal(ROW_BITS, name=f"row_{bank}") for bank in range(1 << BANK_BITS))
        with m.If(command.kind == Command.ACTIVATE):
            m.d.sync += rows[command.bank].eq(command.address)
        m.d.comb += [
            self.address.eq(Cat(command.address[:COLUMN_BITS], command.bank, rows[command.bank])),
            self.data.eq(command.data),
            self.write.eq((command.kind == Command.WRITE) & (rules.broken == 0)),
        ]
        driven = Signal()
        m.d.sync += driven.eq(command.kind == Command.READ)
        value: Any = Mux(driven, self.word, UNDRIVEN)
        for stage in range(self.clocks.cas_latency):
            behind = Signal(DATA_BITS, name=f"read_{stage}")
            m.d.sync += behind.eq(value)
            value = behind
        m.d.comb += self.read.eq(value)
        return m
