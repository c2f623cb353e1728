"""Answers over a mesh: one word a flit."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.one_hot import one_hot_choice

__all__ = ["WORD_BITS", "AnswerCollector", "AnswerSplitter", "answer_words"]

WORD_BITS = 32
"""Width of the words in which an answer travels."""


def answer_words(layout: data.StructLayout) -> int:
    """Words of an answer of a layout."""
    return -(-layout.size // WORD_BITS)


class AnswerSplitter(wiring.Component):
    """Splitter of answers into words, lowest first.

    Parameters
    ----------
    layout : data.StructLayout
        Answers, see `hw.packet.answer_layout`.

    Members
    -------
    i : In(stream)
        Answers.
    o : Out(stream)
        Words of `WORD_BITS`.
    last : Out(1)
        Whether the word is its answer's last one.
    """

    i: stream.Interface
    o: stream.Interface
    last: Signal

    def __init__(self, layout: data.StructLayout):
        self.layout, self.count = layout, answer_words(layout)
        super().__init__(
            {
                "i": In(stream.Signature(self.layout)),
                "o": Out(stream.Signature(WORD_BITS)),
                "last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        count = self.count
        chosen = Signal(count, init=1)
        words = Signal(count * WORD_BITS)
        m.d.comb += [
            words.eq(self.i.p.as_value()),
            self.o.valid.eq(self.i.valid),
            self.o.payload.eq(
                one_hot_choice([words.word_select(n, WORD_BITS) for n in range(count)], chosen)
            ),
            self.last.eq(chosen[-1]),
            self.i.ready.eq(self.o.ready & self.last),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += chosen.eq(chosen.rotate_left(1))
        return m


class AnswerCollector(wiring.Component):
    """Collector of words into answers; undoes `AnswerSplitter`.

    Parameters
    ----------
    layout : data.StructLayout
        Answers, see `hw.packet.answer_layout`.

    Members
    -------
    i : In(stream)
        Words of `WORD_BITS`.
    o : Out(stream)
        Answers.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, layout: data.StructLayout):
        self.layout, self.count = layout, answer_words(layout)
        super().__init__(
            {"i": In(stream.Signature(WORD_BITS)), "o": Out(stream.Signature(self.layout))}
        )

    def elaborate(self, platform):
        m = Module()
        count = self.count
        index = Signal(range(count))
        words = Signal(count * WORD_BITS)
        m.d.comb += [
            self.i.ready.eq(~self.o.valid),
            self.o.payload.eq(words[: self.layout.size]),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [words.eq(Cat(words[WORD_BITS:], self.i.payload)), index.eq(index + 1)]
            with m.If(index == count - 1):
                m.d.sync += [self.o.valid.eq(1), index.eq(0)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
