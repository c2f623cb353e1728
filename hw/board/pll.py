"""Phase-locked loops: the system clock from the board's oscillator."""

from typing import Any, ClassVar

from amaranth.hdl import Const, Instance, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.board.dividers import (
    Ecp5PllConfig,
    GateMatePllConfig,
    GowinPllConfig,
    Ice40PllConfig,
    PllConfig,
)

__all__ = ["Ecp5Pll", "GateMatePll", "GowinPll", "Ice40Pll", "Pll"]


class Pll(wiring.Component):
    """PLL on a pin.

    Parameters
    ----------
    config : PllConfig
        Its dividers.
    pin : amaranth.lib.io.PortLike
        Pin of the oscillator, without a buffer.

    Members
    -------
    clock : Out(1)
        The clock, which stands still while ``enable`` is low if the device is `GATED`.
    free_clock : Out(1)
        The same clock, never still.
    locked : Out(1)
        High while the clocks have their frequency; not synchronous to them.
    enable : In(1)
        Synchronous to ``free_clock``.

    Attributes
    ----------
    GATED : bool
        Whether the device can stop the clock.
    CONFIG : type of PllConfig
        Dividers that the device has.
    """

    GATED: ClassVar[bool]
    CONFIG: ClassVar[type[PllConfig]]

    config: Any
    clock: Signal
    free_clock: Signal
    locked: Signal
    enable: Signal

    def __init__(self, config: PllConfig, pin: Any):
        self.config, self.pin = config, pin
        super().__init__({"clock": Out(1), "free_clock": Out(1), "locked": Out(1), "enable": In(1)})

    def elaborate(self, platform) -> Module:
        raise NotImplementedError


class Ecp5Pll(Pll):
    """PLL of an ECP5 on a pin; other parameters and members as of `Pll`.

    Each clock is an output of its own: nextpnr cannot route one output both to a gate and past it.

    Parameters
    ----------
    late : bool
        Whether there is a clock that is late.

    Members
    -------
    late_clock : Out(1)
        The same clock a quarter of its period later, never still.
    """

    GATED = True
    CONFIG = Ecp5PllConfig

    config: Ecp5PllConfig
    late_clock: Signal

    def __init__(self, config: PllConfig, pin: Any, late: bool = False):
        super().__init__(config, pin)
        self.late = late
        self.late_clock = Signal()

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.buffer = buffer = io.Buffer(io.Direction.Input, self.pin)
        ungated = Signal()
        m.submodules.gate = Instance("DCCA", i_CLKI=ungated, i_CE=self.enable, o_CLKO=self.clock)
        # A third output, divided by 1, is the feedback, so that the clock's own divider gives
        # fine steps. The analogue settings are those of LiteX, whose PLLs run on many boards.
        outputs = {}
        for name in ("CLKOP", "CLKOS"):
            outputs |= {
                f"p_{name}_ENABLE": "ENABLED",
                f"p_{name}_DIV": config.output,
                f"p_{name}_CPHASE": config.output - 1,
                f"p_{name}_FPHASE": 0,
            }
        if self.late:
            # Phases count eighths of the oscillator's period.
            whole, eighths = divmod(2 * config.output, 8)
            outputs |= {
                "p_CLKOS2_ENABLE": "ENABLED",
                "p_CLKOS2_DIV": config.output,
                "p_CLKOS2_CPHASE": config.output - 1 + whole,
                "p_CLKOS2_FPHASE": eighths,
                "o_CLKOS2": self.late_clock,
            }
        m.submodules.pll = Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=str(config.input_hz / 1e6),
            a_FREQUENCY_PIN_CLKOP=str(config.clock_hz / 1e6),
            a_ICP_CURRENT="6",
            a_LPF_RESISTOR="16",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=config.reference,
            p_CLKFB_DIV=config.feedback,
            p_FEEDBK_PATH="INT_OS3",
            p_CLKOS3_ENABLE="ENABLED",
            p_CLKOS3_DIV=1,
            p_CLKOS3_CPHASE=23,
            p_CLKOS3_FPHASE=0,
            **outputs,
            i_CLKI=buffer.i,
            i_RST=0,
            i_STDBY=0,
            o_CLKOP=ungated,
            o_CLKOS=self.free_clock,
            o_LOCK=self.locked,
        )
        return m


class Ice40Pll(Pll):
    """PLL of an iCE40 on a pin; parameters and members as of `Pll`."""

    GATED = False
    CONFIG = Ice40PllConfig

    config: Ice40PllConfig

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.pll = Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_PLLOUT_SELECT="GENCLK",
            p_DIVR=config.reference - 1,
            p_DIVF=config.feedback - 1,
            p_DIVQ=config.output.bit_length() - 1,
            p_FILTER_RANGE=config.filter_range,
            io_PACKAGEPIN=self.pin.io,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
        )
        m.d.comb += self.free_clock.eq(self.clock)
        return m


class GowinPll(Pll):
    """rPLL of a Gowin FPGA on a pin; parameters and members as of `Pll`.

    The clock that never stands still is the second output, in phase with the first.
    """

    GATED = True
    CONFIG = GowinPllConfig

    config: GowinPllConfig

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.buffer = buffer = io.Buffer(io.Direction.Input, self.pin)
        ungated = Signal()
        m.submodules.gate = Instance("DQCE", i_CLKIN=ungated, i_CE=self.enable, o_CLKOUT=self.clock)
        m.submodules.pll = Instance(
            "rPLL",
            p_DEVICE=getattr(platform, "family", ""),
            p_FCLKIN=str(config.input_hz / 1e6),
            p_IDIV_SEL=config.reference - 1,
            p_FBDIV_SEL=config.feedback - 1,
            p_ODIV_SEL=config.output,
            p_CLKFB_SEL="internal",
            i_CLKIN=buffer.i,
            i_CLKFB=0,
            i_RESET=0,
            i_RESET_P=0,
            i_FBDSEL=Const(0, 6),
            i_IDSEL=Const(0, 6),
            i_ODSEL=Const(0, 6),
            i_PSDA=Const(0, 4),
            i_DUTYDA=Const(0, 4),
            i_FDLY=Const(0, 4),
            o_CLKOUT=ungated,
            o_CLKOUTP=self.free_clock,
            o_LOCK=self.locked,
        )
        return m


class GateMatePll(Pll):
    """PLL of a GateMate on a pin; parameters and members as of `Pll`."""

    GATED = False
    CONFIG = GateMatePllConfig

    config: GateMatePllConfig

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = io.Buffer(io.Direction.Input, self.pin)
        # The filter's settings are the defaults of Cologne Chip's primitives library.
        m.submodules.pll = Instance(
            "CC_PLL",
            p_REF_CLK=str(self.config.input_hz / 1e6),
            p_OUT_CLK=str(self.config.clock_hz / 1e6),
            p_PERF_MD="ECONOMY",
            p_LOW_JITTER=1,
            p_LOCK_REQ=1,
            p_CI_FILTER_CONST=2,
            p_CP_FILTER_CONST=4,
            i_CLK_REF=buffer.i,
            i_USR_CLK_REF=0,
            i_CLK_FEEDBACK=0,
            i_USR_LOCKED_STDY_RST=0,
            o_CLK0=self.clock,
            o_USR_PLL_LOCKED=self.locked,
        )
        m.d.comb += self.free_clock.eq(self.clock)
        return m
