"""Stopwatch: clocks of a sample and of its answer."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CLOCKS_BITS", "LATENCY_BITS", "Stopwatch"]

CLOCKS_BITS = 48
LATENCY_BITS = 32


class Stopwatch(wiring.Component):
    """Stopwatch of answers.

    Members
    -------
    event, marker : In(1)
        High in the clock in which the network takes an event, or a marker.
    hold : In(1)
        Whether an answer is there: clocks are not counted.
    clear : In(1)
        Whether the sample is over.
    clocks : Out(CLOCKS_BITS)
        Clocks since the first event, its own included; 0 while there was none.
    latency : Out(LATENCY_BITS)
        Clocks since the last marker, its own included.
    """

    event: Signal
    marker: Signal
    hold: Signal
    clear: Signal
    clocks: Signal
    latency: Signal

    def __init__(self):
        super().__init__(
            {
                **dict.fromkeys(("event", "marker", "hold", "clear"), In(1)),
                "clocks": Out(CLOCKS_BITS),
                "latency": Out(LATENCY_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        running = Signal()
        with m.If(self.event):
            m.d.sync += running.eq(1)
        with m.If((self.event | running) & ~self.hold):
            m.d.sync += self.clocks.eq(self.clocks + 1)
        with m.If(self.clear):
            m.d.sync += [running.eq(0), self.clocks.eq(0)]
        with m.If(self.marker):
            m.d.sync += self.latency.eq(1)
        with m.Elif(~self.hold):
            m.d.sync += self.latency.eq(self.latency + 1)
        return m
