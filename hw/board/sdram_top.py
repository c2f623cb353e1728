"""Top of a board whose pass engine computes from the SDRAM beside the FPGA."""

from functools import partial
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import io

from tickless.hw.board.dividers import PllConfig
from tickless.hw.board.pll import Ecp5Pll
from tickless.hw.board.sdram import SDRAM_CLOCK, SdramPins
from tickless.hw.board.top import BoardTop
from tickless.hw.passes.system import PassSystem

__all__ = ["SdramTop"]


class SdramTop(BoardTop):
    """System of a pass engine on a board of Amaranth's with an ECP5 and an SDRAM; all else as of
    `BoardTop`.

    Parameters
    ----------
    system : PassSystem
        What the board does.
    config : PllConfig
        Dividers of the clock.
    """

    system: PassSystem

    def __init__(self, system: PassSystem, config: PllConfig):
        super().__init__(system, config, partial(Ecp5Pll, late=True))

    def add_clock(self, m: Module, platform: Any) -> Any:
        pll = super().add_clock(m, platform)
        m.domains.sdram = ClockDomain(SDRAM_CLOCK, reset_less=True)
        pins = platform.request("sdram", 0, dir="-")
        m.submodules.sdram = sdram = SdramPins(pins)
        # A clock leaves through a register as everything else does, and as late.
        clock: Any = io.DDRBuffer(io.Direction.Output, pins.clk, o_domain=SDRAM_CLOCK)
        m.submodules.sdram_clock = clock
        m.d.comb += [
            clock.o.eq(0b01),
            ClockSignal(SDRAM_CLOCK).eq(pll.late_clock),
            sdram.command.eq(self.system.command),
            self.system.read.eq(sdram.read),
        ]
        return pll
