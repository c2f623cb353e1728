"""Bench of a simulated board: a system between power-up, clock and serial line."""

from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from tickless.gen.verilog import verilog
from tickless.hw.passes.system import PassSystem
from tickless.hw.sdram.model import SdramModel
from tickless.sim.modules import merge_modules

__all__ = ["BoardBench"]

RESET_CLOCKS = 16
"""Clocks of reset behind power-up."""


class BoardBench(wiring.Component):
    """Top of a simulated board; its line is ``native/serial.cpp``, an SDRAM's words are in
    ``native/sdram.cpp``.

    Parameters
    ----------
    system : System
        The board's system: see `hw.host.system`. Of its members ``rx``, ``tx`` and ``busy`` are
        connected.

    modules : str
        Verilog of the modules that the system instantiates.

    Members
    -------
    clk : In(1)
        The board's clock.
    """

    clk: Signal

    def __init__(self, system: Any, modules: str = ""):
        self.system = system
        self.modules = modules
        super().__init__({"clk": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.power = power = ClockDomain(reset_less=True)
        m.domains.sync = sync = ClockDomain()
        left = Signal(range(RESET_CLOCKS + 1), init=RESET_CLOCKS)
        for domain in (power, sync):
            domain.clk = self.clk  # pyright: ignore[reportAttributeAccessIssue] -- the stubs lack it
        with m.If(left != 0):
            m.d.power += left.eq(left - 1)
        m.d.comb += ResetSignal().eq(left != 0)
        m.submodules.system = system = self.system
        m.submodules.line = Instance(
            "tickless_serial",
            p_SAMPLES=len(system.rx),
            i_clk=ClockSignal(),
            i_tx=system.tx,
            i_busy=system.busy,
            o_rx=system.rx,
        )
        if isinstance(system, PassSystem):
            m.submodules.part = part = SdramModel(system.clocks)
            m.submodules.words = Instance(
                "tickless_sdram",
                i_clk=ClockSignal(),
                i_address=part.address,
                i_write=part.write,
                i_data=part.data,
                o_word=part.word,
            )
            m.d.comb += [part.command.eq(system.command), system.read.eq(part.read)]
        return m

    @property
    def definition(self) -> str | None:
        """What the bench follows from; None if the system does not say so."""
        system = getattr(self.system, "definition", None)
        return None if system is None else repr((type(self).__name__, system, self.modules))

    def verilog(self) -> str:
        """Verilog of the whole bench, its top module named ``bench``."""
        return merge_modules(verilog(self, "bench")) + self.modules
