"""Bench of a pass engine: the engine, its SDRAM controller and a simulated part."""

from dataclasses import dataclass

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from tickless.gen.verilog import verilog
from tickless.hw.passes.engine import PassEngine
from tickless.hw.passes.instructions import EngineError
from tickless.hw.passes.sequencer import WATCHDOG_CLOCKS
from tickless.hw.passes.shape import EngineShape
from tickless.hw.sdram.controller import SdramController
from tickless.hw.sdram.model import SdramModel
from tickless.hw.sdram.rules import RULES
from tickless.hw.sdram.timing import ADDRESS_BITS, AS4C16M16SA_7
from tickless.sim.modules import merge_modules

__all__ = ["EngineBench", "PassBench"]


class EngineBench(wiring.Component):
    """Top of a simulation. There is no reset: the engine starts from its state after power-up.

    Parameters
    ----------
    shape : EngineShape
        The engine.
    clock_hz : int
        Its clock, which is the SDRAM's, too.
    watchdog_clocks : int
        As of `PassEngine`.

    Members
    -------
    clk : In(1)
        The clock.
    engine_start, engine_program, engine_busy, engine_error, engine_instruction, engine_words,
    engine_steps
        As of `PassEngine`.
    engine_broken : Out
        As of `SdramModel`.
    """

    clk: Signal
    engine_start: Signal
    engine_program: Signal
    engine_busy: Signal
    engine_error: Signal
    engine_instruction: Signal
    engine_words: Signal
    engine_steps: Signal
    engine_broken: Signal

    def __init__(self, shape: EngineShape, clock_hz: int, watchdog_clocks: int):
        self.shape, self.clock_hz, self.watchdog_clocks = shape, clock_hz, watchdog_clocks
        super().__init__(
            {
                "clk": In(1),
                "engine_start": In(1),
                "engine_program": In(ADDRESS_BITS),
                "engine_busy": Out(1),
                "engine_error": Out(EngineError),
                "engine_instruction": Out(16),
                "engine_words": Out(32),
                "engine_steps": Out(32),
                "engine_broken": Out(len(RULES)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = sync = ClockDomain(reset_less=True)
        sync.clk = self.clk  # pyright: ignore[reportAttributeAccessIssue] -- the stubs lack it
        clocks = AS4C16M16SA_7.clocks(self.clock_hz)
        m.submodules.engine = engine = PassEngine(self.shape, self.watchdog_clocks)
        m.submodules.controller = controller = SdramController(clocks)
        m.submodules.part = part = SdramModel(clocks)
        connect(m, engine.sdram.request, controller.request)
        connect(m, engine.sdram.w, controller.w)
        m.submodules.words = Instance(
            "tickless_sdram",
            i_clk=ClockSignal(),
            i_address=part.address,
            i_write=part.write,
            i_data=part.data,
            o_word=part.word,
        )
        words = Value.cast(engine.swept.words)
        m.submodules.sweep = Instance(
            "tickless_sweep",
            p_WIDTH=len(words),
            p_PROBE=0,
            i_clk=ClockSignal(),
            i_valid=engine.swept.valid & engine.at_end,
            i_data=words,
        )
        m.d.comb += [
            engine.sdram.r.eq(controller.r),
            engine.sdram.r_valid.eq(controller.r_valid),
            part.command.eq(controller.command),
            controller.read.eq(part.read),
            engine.start.eq(self.engine_start),
            engine.program.eq(self.engine_program),
            self.engine_busy.eq(engine.busy),
            self.engine_error.eq(engine.error),
            self.engine_instruction.eq(engine.instruction),
            self.engine_words.eq(engine.words),
            self.engine_steps.eq(engine.steps),
            self.engine_broken.eq(part.broken),
        ]
        return m


@dataclass(frozen=True)
class PassBench:
    """What a simulator of a pass engine is built of; parameters are those of `EngineBench`."""

    shape: EngineShape
    clock_hz: int = 60_000_000
    watchdog_clocks: int = WATCHDOG_CLOCKS

    @property
    def definition(self) -> str:
        """All that its Verilog follows from."""
        return repr(self)

    def verilog(self) -> str:
        """Verilog of the whole bench."""
        bench = EngineBench(self.shape, self.clock_hz, self.watchdog_clocks)
        return merge_modules(verilog(bench, "bench"))
