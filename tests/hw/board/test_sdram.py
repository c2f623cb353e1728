"""Pins of an SDRAM part: levels and clocks of commands, and when a word comes back."""

from types import SimpleNamespace

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import io
from amaranth.sim import Simulator

from tickless.hw.board.sdram import SDRAM_CLOCK, SdramPins
from tickless.hw.sdram.controller import PIN_CLOCKS
from tickless.hw.sdram.timing import Command


def ports() -> SimpleNamespace:
    inverted = {"we", "cas", "ras", "cs"}
    widths = {"ba": 2, "a": 13, "clk": 1, "clk_en": 1, "dqm": 2, **dict.fromkeys(inverted, 1)}
    made = {
        name: io.SimulationPort("o", width, invert=name in inverted, name=name)
        for name, width in widths.items()
    }
    return SimpleNamespace(**made, dq=io.SimulationPort("io", 16, name="dq"))


def run(process) -> None:
    pins = ports()
    m = Module()
    m.domains.sdram = ClockDomain(SDRAM_CLOCK, reset_less=True)
    m.submodules.pins = dut = SdramPins(pins)
    m.d.comb += ClockSignal(SDRAM_CLOCK).eq(0)
    simulator = Simulator(m)
    simulator.add_clock(1e-8)

    async def testbench(ctx):
        await process(ctx, dut, pins)

    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("kind", Command)
def test_a_command_is_at_the_pins_a_clock_later(kind):
    async def process(ctx, dut, pins):
        ctx.set(dut.command, {"kind": kind, "bank": 2, "address": 0x1234, "data": 0xBEEF})
        await ctx.tick()
        # The levels of RAS#, CAS# and WE#, highest first, are the command's number.
        levels = [ctx.get(pin.o) for pin in (pins.ras, pins.cas, pins.we)]
        assert levels[0] << 2 | levels[1] << 1 | levels[2] == kind.value
        assert (ctx.get(pins.ba.o), ctx.get(pins.a.o)) == (2, 0x1234)
        assert (ctx.get(pins.cs.o), ctx.get(pins.clk_en.o), ctx.get(pins.dqm.o)) == (0, 1, 0)
        writes = kind == Command.WRITE
        assert ctx.get(pins.dq.oe) == (0xFFFF if writes else 0)
        assert ctx.get(pins.dq.o) == 0xBEEF

    run(process)


def test_a_word_comes_when_the_controller_expects_it():
    async def process(ctx, dut, pins):
        latency = 2
        ctx.set(dut.command.kind, Command.READ)
        await ctx.tick()
        ctx.set(dut.command.kind, Command.NOP)
        # The part takes the command a quarter of a clock from here; it drives its word from just
        # behind the next edge but one of the FPGA to a clock later.
        await ctx.tick().repeat(latency - 1)
        ctx.set(pins.dq.i, 0xCAFE)
        await ctx.tick()
        ctx.set(pins.dq.i, 0)
        await ctx.tick().repeat(latency + PIN_CLOCKS - latency - 1)
        assert ctx.get(dut.read) == 0xCAFE

    run(process)
