"""Pins of an SDRAM part."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.sdram.timing import COMMAND_LAYOUT, DATA_BITS, Command

__all__ = ["SDRAM_CLOCK", "SdramPins"]

SDRAM_CLOCK = "sdram"
"""Clock domain of the part: that of the controller a quarter of a clock later. So its inputs have
long been stable at its edge, and what it drives comes in time for the edge behind the next one."""


class SdramPins(wiring.Component):
    """Pins of an SDRAM part but for its clock, with registers at each of them.

    Parameters
    ----------
    pins : amaranth.lib.wiring.PureInterface
        The board's resource ``sdram``, without buffers.

    Members
    -------
    command : In(COMMAND_LAYOUT)
        The command.
    read : Out(DATA_BITS)
        What the part drives; `hw.sdram.controller` says when. Two clocks of its way are registers,
        since the part's clock is late.
    """

    command: Any
    read: Signal

    def __init__(self, pins: Any):
        self.pins = pins
        super().__init__({"command": In(COMMAND_LAYOUT), "read": Out(DATA_BITS)})

    def elaborate(self, platform):
        m = Module()
        pins, command = self.pins, self.command
        we, cas, ras = command.kind.as_value()
        outputs = {"ba": command.bank, "a": command.address}
        # The levels are those at the pins, which the resource inverts.
        outputs |= {"we": ~we, "cas": ~cas, "ras": ~ras}
        for name, value in outputs.items():
            m.submodules[name] = buffer = io.FFBuffer(io.Direction.Output, getattr(pins, name))
            m.d.comb += buffer.o.eq(value)
        for name, value in (("clk_en", 1), ("cs", 1), ("dqm", 0)):
            m.submodules[name] = fixed = io.Buffer(io.Direction.Output, getattr(pins, name))
            m.d.comb += fixed.o.eq(value)
        m.submodules.dq = words = io.FFBuffer(io.Direction.Bidir, pins.dq)
        m.d.comb += [words.o.eq(command.data), words.oe.eq(command.kind == Command.WRITE)]
        m.d.sync += self.read.eq(words.i)
        return m
