"""Small designs that keep or break the stream rules, for tests of the bench."""

from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.design import Link
from tickless.hw.packet import Kind, LinkConfig, answer_layout

LINK = LinkConfig(channels=70, height=4, width=5, lanes=70, guarded=True)
"""A link wider than one word of the simulator."""


class Relay(wiring.Component):
    """Passes packets on, one in two clocks; breaks a rule on request."""

    i: Any
    o: Any
    counters: Any

    def __init__(self, fault: str):
        self.fault = fault
        self.shape = SimpleNamespace(name=fault, readout=True, input_link=LINK)
        super().__init__(
            {
                "i": In(stream.Signature(LINK.layout)),
                "o": Out(stream.Signature(LINK.layout)),
                "counters": Out(data.StructLayout({"packets": 48})),
            }
        )

    def elaborate(self, platform):
        m = Module()
        full, clock = Signal(), Signal(4)
        packet = Signal(LINK.layout)
        m.d.sync += clock.eq(clock + 1)
        m.d.comb += [self.i.ready.eq(~full), self.o.valid.eq(full), self.o.payload.eq(packet)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [packet.eq(self.i.payload), full.eq(1)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [full.eq(0), self.counters.packets.eq(self.counters.packets + 1)]
        if self.fault == "drops valid":
            m.d.comb += self.o.valid.eq(full & ~clock[0])
        if self.fault == "changes payload":
            m.d.comb += self.o.payload.x.eq(clock)
        if self.fault == "waits for ready":
            seen = Signal()
            m.d.sync += seen.eq(self.o.ready)
            m.d.comb += self.o.valid.eq(full & seen)
        if self.fault == "needs ready":
            m.d.comb += self.o.valid.eq(full & self.o.ready)
        if self.fault == "stops":
            m.d.comb += self.i.ready.eq(~full & (self.counters.packets < 3))
        return m


class Answerer(wiring.Component):
    """Takes a packet in four clocks and answers END; takes none while it waits for valid."""

    i: Any
    o: Any
    counters: Any

    def __init__(self):
        self.shape = SimpleNamespace(name="answerer", readout=True, input_link=LINK)
        super().__init__(
            {
                "i": In(stream.Signature(LINK.layout)),
                "o": Out(stream.Signature(answer_layout(2))),
                "counters": Out(data.StructLayout({"packets": 48, "ends": 48})),
            }
        )

    def elaborate(self, platform):
        m = Module()
        clock = Signal(2)
        with m.If(self.i.valid):
            m.d.sync += clock.eq(clock + 1)
        m.d.comb += [
            self.i.ready.eq((clock == 3) & ~self.o.valid),
            self.o.payload.kind.eq(Kind.END),
            self.o.payload.logits[1].eq(-5),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += self.counters.packets.eq(self.counters.packets + 1)
            with m.If(self.i.payload.kind == Kind.END):
                m.d.sync += [self.o.valid.eq(1), self.counters.ends.eq(self.counters.ends + 1)]
        return m


class Stub(wiring.Component):
    """Relay and answerer in a chain, in the shape of `hw.chain.Chain`."""

    i: Any
    o: Any

    def __init__(self, fault: str, channel):
        self.channel = channel
        self.cores = [Relay(fault), Answerer()]
        self.core_layers = [0, 1]
        self.core_samples = [slice(None)] * 2
        self.links = [
            Link("input", fault, LINK, -1),
            Link(fault, "answerer", LINK, 0, 0),
            Link("answerer", "answers", None, 1),
        ]
        super().__init__(
            {
                "i": In(stream.Signature(LINK.layout)),
                "o": Out(stream.Signature(answer_layout(2))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sources = [flipped(self.i), *(core.o for core in self.cores)]
        sinks = [*(core.i for core in self.cores), flipped(self.o)]
        m.submodules += self.cores
        for index, (source, sink) in enumerate(zip(sources, sinks, strict=True)):
            m.submodules[f"link_{index}"] = link = self.channel(index, source.payload.shape())
            connect(m, source, link.i)
            connect(m, link.o, sink)
        return m
