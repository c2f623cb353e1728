"""Top of a board: clock, reset, serial port and lights around a system."""

from collections.abc import Callable
from math import ceil
from typing import Any

from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Elaboratable,
    Module,
    ResetSignal,
    Signal,
    ValueLike,
)
from amaranth.lib import io, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from tickless.hw.board.dividers import PllConfig
from tickless.hw.host.port_system import PortSystem
from tickless.hw.host.system import System
from tickless.hw.passes.system import PassSystem

__all__ = ["BoardTop", "PowerOnReset"]

RESET_SECONDS = 15e-6
"""Reset behind the PLL's lock. The block RAMs of an iCE40 read as 0 for some 3 us after
configuration; Amaranth's own reset for that device is as long."""


class PowerOnReset(wiring.Component):
    """Reset until a PLL has been locked for some time; anew when it loses its lock.

    Parameters
    ----------
    clocks : int
        Length of the reset behind the lock, at least 1.

    Members
    -------
    locked : In(1)
        Whether the PLL is locked; not synchronous.
    reset : Out(1)
        The reset: high from the start.
    """

    locked: Signal
    reset: Signal

    def __init__(self, clocks: int):
        if clocks < 1:
            raise ValueError(f"clocks = {clocks!r}: expected at least 1")
        self.clocks = clocks
        super().__init__({"locked": In(1), "reset": Out(1)})

    def elaborate(self, platform):
        m = Module()
        locked, ready = Signal(), Signal()
        m.submodules.lock = FFSynchronizer(self.locked, locked)
        timer = Signal(range(self.clocks))
        with m.If(~locked):
            m.d.sync += [timer.eq(0), ready.eq(0)]
        with m.Elif(timer == self.clocks - 1):
            m.d.sync += ready.eq(1)
        with m.Else():
            m.d.sync += timer.eq(timer + 1)
        m.d.comb += self.reset.eq(~ready)
        return m


class BoardTop(Elaboratable):
    """System on a board of Amaranth's: clock, reset, serial port and lights.

    The lights are, as far as the board has them: a command was refused, the network works, bytes
    arrive, and the bits of the last class. On a board with one coloured light they are red, green
    and blue.

    Parameters
    ----------
    system : System
        What the board does.
    config : PllConfig
        Dividers of the clock.
    pll : callable
        Makes the PLL of the board's FPGA, which has such dividers, of them and of a pin.
    """

    def __init__(
        self, system: System | PortSystem | PassSystem, config: PllConfig, pll: Callable[..., Any]
    ):
        self.system: Any = system
        self.config = config
        self.pll = pll

    def elaborate(self, platform):
        m = Module()
        m.submodules.system = system = self.system
        self.add_clock(m, platform)
        outputs: list[tuple[str, Any, ValueLike]] = []
        lights = Cat(system.failed, system.busy, self.add_link(m, platform), system.class_index)
        for index, (pin, light) in enumerate(zip(_light_pins(platform), lights, strict=False)):
            outputs.append((f"light_{index}", pin, light))
        if ("esp32", 0) in platform.resources:
            # Low, this pin of a ULX3S would let the ESP32 beside the FPGA reset the board.
            outputs.append(("gpio0", platform.request("esp32", 0, dir="-").gpio0, 1))
        for name, pin, signal in outputs:
            m.submodules[name] = buffer = io.Buffer(io.Direction.Output, pin)
            m.d.comb += buffer.o.eq(signal)
        return m

    def add_link(self, m: Module, platform: Any) -> ValueLike:
        """Connect the system to the host's pins; what the third light shows."""
        system = self.system
        uart = platform.request("uart", 0, dir="-")
        # Two samples a clock are those at its two edges.
        buffer_type: Any = io.Buffer if len(system.rx) == 1 else io.DDRBuffer
        m.submodules.rx = rx = buffer_type(io.Direction.Input, uart.rx)
        m.submodules.tx = tx = io.Buffer(io.Direction.Output, uart.tx)
        m.d.comb += [system.rx.eq(rx.i), tx.o.eq(system.tx)]
        return system.receiving

    def add_clock(self, m: Module, platform: Any) -> Any:
        """Add the domain ``sync``, which begins some time after the PLL has locked; the PLL."""
        pin = platform.request(platform.default_clk, dir="-")
        m.submodules.pll = pll = self.pll(self.config, pin)
        m.domains.power_on = ClockDomain("power_on", reset_less=True, local=True)
        clocks = ceil(RESET_SECONDS * self.config.clock_hz)
        m.submodules.reset = reset = DomainRenamer("power_on")(PowerOnReset(clocks))
        # The end of a reset would have to reach the whole chip within one clock. A clock that
        # begins needs none: until then all is as configured.
        m.domains.sync = ClockDomain("sync", reset_less=pll.GATED)
        m.d.comb += [
            ClockSignal("power_on").eq(pll.free_clock),
            ClockSignal("sync").eq(pll.clock),
            reset.locked.eq(pll.locked),
            pll.enable.eq(~reset.reset),
        ]
        if not pll.GATED:
            m.d.comb += ResetSignal("sync").eq(reset.reset)
        return pll


def _light_pins(platform: Any) -> list[Any]:
    """Pins of the board's lights, without buffers."""
    numbers = sorted(number for name, number in platform.resources if name == "led")
    if numbers:
        return [platform.request("led", number, dir="-") for number in numbers]
    if ("rgb_led", 0) not in platform.resources:
        return []
    light = platform.request("rgb_led", 0, dir="-")
    return [light.r, light.g, light.b]
