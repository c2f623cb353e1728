"""System: a design and its host link, everything on a board but clock and pins."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from tickless.hw.design import Design
from tickless.hw.host.config import HostConfig
from tickless.hw.host.link import HostLink
from tickless.hw.host.uart import UartReceiver, UartTransmitter

__all__ = ["HostConfig", "System"]

LIGHTS_PER_SECOND = 20
"""Reciprocal of the time for which a light shows a byte."""


class System(wiring.Component):
    """Design behind a serial port: ``docs/host.md``.

    Parameters
    ----------
    design : Design
        The network's cores. It becomes a part of this component.
    config : HostConfig
        The host link.

    Members
    -------
    rx, tx : In(HostConfig.samples_per_clock), Out(1)
        The line, from and to the host. Of two samples, the earlier one is the lower bit.
    busy : Out(1)
        Whether a sample is open or being answered.
    receiving : Out(1)
        High for 50 ms behind each byte from the host.
    failed : Out(1)
        Whether a command was refused since SYNC.
    class_index : Out
        Class of the last answer.
    """

    rx: Signal
    tx: Signal
    busy: Signal
    receiving: Signal
    failed: Signal
    class_index: Signal

    def __init__(self, design: Design, config: HostConfig):
        self.config = config
        self.link = HostLink(design, config)
        super().__init__(
            {
                "rx": In(config.samples_per_clock, init=-1),  # pyright: ignore[reportCallIssue]
                "tx": Out(1, init=1),  # pyright: ignore[reportCallIssue]
                "busy": Out(1),
                "receiving": Out(1),
                "failed": Out(1),
                "class_index": Out(len(self.link.class_index)),
            }
        )

    @property
    def definition(self) -> str:
        """All that the system follows from, but for the sources; see `hw.design.Design`."""
        return repr((self.config, self.link.design.definition))

    def elaborate(self, platform):
        m = Module()
        link = self.link
        m.submodules.link = link
        m.submodules.receiver = receiver = UartReceiver(self.config.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.config.divisor)
        connect(m, link.o, transmitter.i)
        stretch = self.config.clock_hz // LIGHTS_PER_SECOND
        clocks = Signal(range(stretch + 1))
        with m.If(receiver.valid):
            m.d.sync += clocks.eq(stretch)
        with m.Elif(clocks != 0):
            m.d.sync += clocks.eq(clocks - 1)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            link.i.eq(receiver.o),
            link.i_valid.eq(receiver.valid),
            link.i_error.eq(receiver.error),
            self.receiving.eq(clocks != 0),
            self.busy.eq(link.busy),
            self.failed.eq(link.failed),
            self.class_index.eq(link.class_index),
        ]
        return m
