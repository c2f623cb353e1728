"""Performance counters of a core."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from tickless.hw.core.shape import CoreShape

__all__ = ["CORE_COUNTERS", "READOUT_COUNTERS", "Counters", "counter_layout", "counter_names"]

CORE_COUNTERS = ("events", "dropped", "packets", "sops", "busy_cycles", "stall_cycles")
"""Counters of every core; without ``profile`` the first two alone."""

READOUT_COUNTERS = ("saturations",)
"""Counters that a readout has behind them."""


def counter_layout(shape: CoreShape) -> data.StructLayout:
    """Layout of a core's counters, each ``counter_bits`` wide.

    Without ``profile`` there are ``events``, ``dropped`` and ``saturations`` alone.

    Members
    -------
    events : unsigned
        Events taken, one a channel, dropped ones included.
    dropped : unsigned
        Events outside the extent, and packets without any event.
    packets : unsigned
        Packets sent, markers included; answers of a readout.
    sops : unsigned
        Synaptic operations executed.
    busy_cycles : unsigned
        Clocks in which a step was issued.
    stall_cycles : unsigned
        Clocks in which an event waited for room behind, or for a sweep.
    saturations : unsigned
        Logit updates that saturated; of a readout only.
    """
    names = counter_names(shape.profile, shape.readout)
    return data.StructLayout(dict.fromkeys(names, shape.counter_bits))


def counter_names(profile: bool, readout: bool) -> list[str]:
    """Names of a core's counters, in their order."""
    return [*CORE_COUNTERS[: None if profile else 2], *READOUT_COUNTERS * readout]


class Counters(wiring.Component):
    """Counters, each increased by the input of its name; for a fast clock a clock later.

    Members
    -------
    event, dropped, packet, busy, stall : In(1)
        High in each clock that counts.
    sops, saturations : In
        Number to add.
    o : Out(counter_layout)
        Counts since reset.
    """

    event: Signal
    dropped: Signal
    packet: Signal
    busy: Signal
    stall: Signal
    sops: Signal
    saturations: Signal
    o: Any

    def __init__(self, shape: CoreShape):
        self.shape = shape
        super().__init__(
            {
                "event": In(1),
                "dropped": In(2),
                "packet": In(1),
                "busy": In(1),
                "stall": In(1),
                "sops": In(bits_for(shape.taps * shape.lanes)),
                "saturations": In(bits_for(shape.lanes)),
                "o": Out(counter_layout(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        increments = {
            "events": self.event,
            "dropped": self.dropped,
            "packets": self.packet,
            "sops": self.sops,
            "busy_cycles": self.busy,
            "stall_cycles": self.stall,
            "saturations": self.saturations,
        }
        for name in self.o.shape().members:
            increment = increments[name]
            if self.shape.fast_clock:
                # What counts is known late in a clock, and the counters are long.
                increment = Signal.like(increment, name=f"{name}_more")
                m.d.sync += increment.eq(increments[name])
            m.d.sync += self.o[name].eq(self.o[name] + increment)
        return m
