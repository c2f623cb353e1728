"""Answers as packets of AXI4-Stream."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.axi.beats import beat_layout
from tickless.hw.axi.shape import CLOCK_BITS, WORD_BITS, AxiShape
from tickless.hw.fabric.answers import AnswerSplitter

__all__ = ["AnswerWriter"]


class AnswerWriter(wiring.Component):
    """Writer of answers: a packet each, a word a clock.

    Parameters
    ----------
    shape : AxiShape
        The bridge's.

    Members
    -------
    i : In(stream)
        Answers. Taken with their last word.
    clock : In(CLOCK_BITS)
        Clocks since reset.
    o : Out(stream)
        Words of `AxiShape.words`, lowest first. Valid and payload come out of registers.
    """

    i: stream.Interface
    clock: Signal
    o: stream.Interface

    def __init__(self, shape: AxiShape):
        self.words = shape.words
        self.layout = beat_layout(WORD_BITS)
        super().__init__(
            {
                "i": In(stream.Signature(shape.answers)),
                "clock": In(CLOCK_BITS),
                "o": Out(stream.Signature(self.layout)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.splitter = splitter = AnswerSplitter(self.words)
        # The word of the clock is not the first: by then it stands still.
        waits = Signal()
        clock = Signal(CLOCK_BITS)
        m.d.sync += waits.eq(self.i.valid & ~self.i.ready)
        with m.If(~waits):
            m.d.sync += clock.eq(self.clock)
        answer: Any = self.i.p
        m.d.comb += [
            splitter.i.valid.eq(self.i.valid),
            self.i.ready.eq(splitter.i.ready),
            splitter.i.p.clock.eq(clock),
            splitter.o.ready.eq(~self.o.valid | self.o.ready),
        ]
        with m.If(splitter.o.ready):
            m.d.sync += [
                self.o.valid.eq(splitter.o.valid),
                self.o.p.data.eq(splitter.o.p),
                self.o.p.last.eq(splitter.last),
            ]
        for name in answer.shape().members:
            m.d.comb += splitter.i.p[name].eq(answer[name])
        return m
