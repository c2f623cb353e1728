"""System of a pass engine: a design from SDRAM and its host link, all but clock and pins."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from tickless.hw.host.config import HostConfig
from tickless.hw.host.system import System
from tickless.hw.passes.design import PassDesign
from tickless.hw.sdram.controller import SdramController
from tickless.hw.sdram.timing import COMMAND_LAYOUT, DATA_BITS, Command, SdramTimings
from tickless.hw.streams import Buffer

__all__ = ["PassSystem"]


class PassSystem(wiring.Component):
    """Pass engine behind a serial port, with a controller for its SDRAM.

    Parameters
    ----------
    design : PassDesign
        The engine. It becomes a part of this component.
    config : HostConfig
        The host link.
    timings : SdramTimings
        The part.

    Members
    -------
    rx, tx, busy, receiving, failed, class_index
        As of `hw.host.system.System`.
    command : Out(COMMAND_LAYOUT)
        What the registers at the SDRAM's pins take.
    read : In(DATA_BITS)
        What they give; see `hw.sdram.controller`.
    """

    rx: Signal
    tx: Signal
    busy: Signal
    receiving: Signal
    failed: Signal
    class_index: Signal
    command: Any
    read: Signal

    def __init__(self, design: PassDesign, config: HostConfig, timings: SdramTimings):
        self.design, self.config, self.timings = design, config, timings
        self.clocks = timings.clocks(config.clock_hz)
        self.system: Any = System(design, config)  # pyright: ignore[reportArgumentType]
        super().__init__(
            {
                **dict(self.system.signature.members.items()),
                "command": Out(COMMAND_LAYOUT, init={"kind": Command.NOP}),  # pyright: ignore[reportCallIssue]
                "read": In(DATA_BITS),
            }
        )

    @property
    def definition(self) -> str:
        """As of `hw.host.system.System`."""
        return repr((self.system.definition, self.timings))

    def elaborate(self, platform):
        m = Module()
        m.submodules.system = system = self.system
        m.submodules.controller = controller = SdramController(self.clocks)
        sdram = self.design.sdram
        # Those who write are far from the controller.
        m.submodules.written = written = Buffer(DATA_BITS)
        connect(m, sdram.request, controller.request)
        connect(m, sdram.w, written.i)
        connect(m, written.o, controller.w)
        m.d.comb += [
            sdram.r.eq(controller.r),
            sdram.r_valid.eq(controller.r_valid),
            self.command.eq(controller.command),
            controller.read.eq(self.read),
        ]
        for name, member in system.signature.members.items():
            mine, its = getattr(self, name), getattr(system, name)
            m.d.comb += mine.eq(its) if member.flow is Out else its.eq(mine)
        return m
