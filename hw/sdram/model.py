"""SDRAM part for simulation: holds data, and says at once when a command breaks a rule."""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
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
    address_bits : int
        Words that it holds, as a power of two; higher bits of a word's address are ignored.

    Members
    -------
    command : In(COMMAND_LAYOUT)
        The command, ahead of the registers.
    read : Out(DATA_BITS)
        What the part drives, behind the registers; `UNDRIVEN` where it does not.
    broken : Out
        Rules of `hw.sdram.rules.RULES` that were broken so far.

    Attributes
    ----------
    memory : memory.Memory
        The words, by their address.
    """

    command: Any
    read: Signal
    broken: Signal

    def __init__(self, clocks: Clocks, address_bits: int = ADDRESS_BITS):
        self.clocks, self.address_bits = clocks, address_bits
        self.memory = memory.Memory(shape=DATA_BITS, depth=1 << address_bits, init=[])
        super().__init__(
            {
                "command": In(COMMAND_LAYOUT),
                "read": Out(DATA_BITS),
                "broken": Out(len(RULES)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = self.memory
        m.submodules.rules = rules = SdramRules(self.clocks)
        reader, writer = self.memory.read_port(), self.memory.write_port()
        command: Any = Signal(COMMAND_LAYOUT, init={"kind": Command.NOP})
        m.d.sync += command.eq(self.command)
        m.d.comb += rules.command.eq(command)
        m.d.sync += self.broken.eq(self.broken | rules.broken)
        rows = Array(Signal(ROW_BITS, name=f"row_{bank}") for bank in range(1 << BANK_BITS))
        with m.If(command.kind == Command.ACTIVATE):
            m.d.sync += rows[command.bank].eq(command.address)
        word = Cat(command.address[:COLUMN_BITS], command.bank, rows[command.bank])
        reading = command.kind == Command.READ
        m.d.comb += [
            reader.addr.eq(word[: self.address_bits]),
            writer.addr.eq(word[: self.address_bits]),
            writer.data.eq(command.data),
            writer.en.eq(command.kind == Command.WRITE),
        ]
        driven = Signal()
        m.d.sync += driven.eq(reading)
        value: Any = Mux(driven, reader.data, UNDRIVEN)
        for stage in range(self.clocks.cas_latency):
            behind = Signal(DATA_BITS, name=f"read_{stage}")
            m.d.sync += behind.eq(value)
            value = behind
        m.d.comb += self.read.eq(value)
        return m
