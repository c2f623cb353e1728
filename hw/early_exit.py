"""Early exit at the source: what the readout has decided need not be sent any more."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.core.shape import COUNTER_BITS
from tickless.hw.packet import Kind

__all__ = ["EarlyExit"]

SAMPLE_BITS = 16
"""Width of the count of samples without an answer."""


class EarlyExit(wiring.Component):
    """Early exit of a design.

    Once the readout has decided the sample that is being sent, the rest of it is dropped, but for
    its END. A decision is not an answer: it goes no further than ``decided``.

    Parameters
    ----------
    shape : ShapeLike
        Input packets.
    answer : data.StructLayout
        Answers, see `hw.packet.answer_layout`.

    Members
    -------
    i, o : In(stream), Out(stream)
        Input packets.
    i_answer : In(stream)
        Answers and decisions of the readout.
    o_answer : Out(stream)
        Answers.
    decided : Out(1)
        High for one clock when a decision comes, which is ``i_answer`` in that clock.
    skipped : Out
        Packets dropped since reset.
    """

    i: stream.Interface
    o: stream.Interface
    i_answer: stream.Interface
    o_answer: stream.Interface
    decided: Signal
    skipped: Signal

    def __init__(self, shape: ShapeLike, answer: data.StructLayout):
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "i_answer": In(stream.Signature(answer)),
                "o_answer": Out(stream.Signature(answer)),
                "decided": Out(1),
                "skipped": Out(COUNTER_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        into, out, arriving, leaving = self.i, self.o, self.i_answer, self.o_answer
        unanswered = Signal(SAMPLE_BITS)
        dropping = Signal()
        waits = Signal()
        drops = Signal()
        ends = Signal()
        answers = Signal()
        is_decision = arriving.p.kind == Kind.EVENT
        m.d.comb += [
            leaving.payload.eq(arriving.payload),
            leaving.valid.eq(arriving.valid & ~is_decision),
            arriving.ready.eq(leaving.ready | is_decision),
            self.decided.eq(arriving.valid & is_decision),
            # What is on offer stays.
            drops.eq(dropping & ~waits & (into.p.kind != Kind.END)),
            out.payload.eq(into.payload),
            out.valid.eq(into.valid & ~drops),
            into.ready.eq(out.ready | drops),
            ends.eq(out.valid & out.ready & (out.p.kind == Kind.END)),
            answers.eq(leaving.valid & leaving.ready & (leaving.p.kind == Kind.END)),
        ]
        m.d.sync += [
            waits.eq(out.valid & ~out.ready),
            unanswered.eq(unanswered + ends - answers),
            self.skipped.eq(self.skipped + (into.valid & drops)),
        ]
        with m.If(ends):
            m.d.sync += dropping.eq(0)
        # A decision of a sample that has been sent to its end changes nothing.
        with m.Elif(self.decided & (unanswered == 0)):
            m.d.sync += dropping.eq(1)
        return m
