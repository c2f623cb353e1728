"""Decision: the answers of a readout that may decide before the sample ends."""

from typing import Any

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.core.lead import Lead
from tickless.hw.packet import LOGIT_BITS, Kind, answer_layout

__all__ = ["Decision"]


class Decision(wiring.Component):
    """Early exit of a readout.

    After each event the two largest logits are compared; a few clocks later it is known whether
    the largest one leads by the margin. Then the answer freezes and is sent at once, with kind
    EVENT; END is answered with the same logits, READ no more.

    Parameters
    ----------
    classes : int
        Number of logits, at least 2.
    margin_bits : int
        Width of the margin.

    Members
    -------
    margin : In
        Lead that decides, in logit units; unsigned.
    logits : In
        The logits.
    event : In(1)
        High in the clock in which ``logits`` have taken up an event.
    marker : In(1)
        High in the clock in which ``logits`` are those at a marker; no event comes before ``done``.
    kind : In(Kind)
        The marker.
    o : Out(stream)
        Answers: `hw.packet.answer_layout`.
    done : Out(1)
        High for one clock when a marker's answer has been taken, or is none.
    """

    margin: Signal
    logits: Any
    event: Signal
    marker: Signal
    kind: Signal
    o: stream.Interface
    done: Signal

    def __init__(self, classes: int, margin_bits: int):
        self.lead = Lead(classes, LOGIT_BITS)
        super().__init__(
            {
                "margin": In(margin_bits),
                "logits": In(data.ArrayLayout(signed(LOGIT_BITS), classes)),
                "event": In(1),
                "marker": In(1),
                "kind": In(Kind),
                "o": Out(stream.Signature(answer_layout(classes, early_exit=True))),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.lead = lead = self.lead
        m.d.comb += lead.i.eq(self.logits)
        # Beside the tree.
        logits, event, marker = self.logits, self.event, self.marker
        for stage in range(lead.delay):
            inputs = (logits, event, marker)
            later_logits: Any = Signal.like(self.logits, name=f"logits_{stage}")
            later = (later_logits, Signal(name=f"event_{stage}"), Signal(name=f"marker_{stage}"))
            m.d.sync += [register.eq(value) for register, value in zip(later, inputs, strict=True)]
            logits, event, marker = later

        answer = self.o.p
        waiting = Signal()
        taken = Signal()
        m.d.comb += taken.eq(self.o.valid & self.o.ready)
        with m.If(taken):
            m.d.sync += self.o.valid.eq(0)
            m.d.comb += self.done.eq(answer.kind != Kind.EVENT)
            with m.If(answer.kind == Kind.END):
                m.d.sync += [answer.decided.eq(0), answer.event.eq(0)]
        with m.If(event & ~answer.decided):
            with m.If(lead.lead >= self.margin):
                m.d.sync += [
                    self.o.valid.eq(1),
                    answer.kind.eq(Kind.EVENT),
                    answer.decided.eq(1),
                    answer.class_index.eq(lead.class_index),
                    answer.logits.eq(logits),
                ]
            with m.Else():
                m.d.sync += answer.event.eq(answer.event + 1)
        with m.If(marker):
            m.d.sync += waiting.eq(1)
        # The decision goes first.
        with m.If(waiting & ~self.o.valid):
            m.d.sync += waiting.eq(0)
            with m.If(answer.decided & (self.kind == Kind.READ)):
                m.d.comb += self.done.eq(1)
            with m.Else():
                m.d.sync += [self.o.valid.eq(1), answer.kind.eq(self.kind)]
                with m.If(~answer.decided):
                    m.d.sync += [
                        answer.class_index.eq(lead.class_index),
                        answer.logits.eq(logits),
                    ]
        return m
