"""Decoder and encoder of event lists: words of `hw.passes.words` to tokens, and back."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.passes.words import (
    ADVANCE,
    CHANNEL_BITS,
    COORDINATE_BITS,
    DELTA_BITS,
    INDEX_BITS,
    MAX_ADVANCE,
    WORD_BITS,
    Marker,
)

__all__ = ["NO_INDEX", "TOKEN_LAYOUT", "ListDecoder", "ListEncoder", "TokenKind"]

NO_INDEX = (1 << INDEX_BITS) - 1
"""Index of the events of a list that carries none, and index ahead of the first event: -1."""


class TokenKind(enum.Enum, shape=unsigned(2)):
    """What a token is: a marker of `hw.passes.words.Marker`, or an event."""

    STOP = Marker.STOP
    END = Marker.END
    READ = Marker.READ
    EVENT = 3


TOKEN_LAYOUT = data.StructLayout(
    {
        "kind": TokenKind,
        "channel": CHANNEL_BITS,
        "y": COORDINATE_BITS,
        "x": COORDINATE_BITS,
        "index": INDEX_BITS,
    }
)
"""Layout of an event, or of a marker, of a list."""

MARKER_BITS = ADVANCE.bit_length() - 1


class ListDecoder(wiring.Component):
    """Decoder of a list. Takes a word a clock; behind STOP none until it is reset.

    Members
    -------
    i : In(stream)
        Words.
    o : Out(stream)
        Tokens: `TOKEN_LAYOUT`, from registers.
    bad : Out(1)
        High while a word is offered that is none of a list; it is not taken.
    """

    i: stream.Interface
    o: stream.Interface
    bad: Signal

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(WORD_BITS)),
                "o": Out(stream.Signature(TOKEN_LAYOUT)),
                "bad": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word = self.i.payload
        # Position and index of the last token are those from which the next word counts.
        token: Any = Signal(TOKEN_LAYOUT, init={"index": NO_INDEX})
        ended, free = Signal(), Signal()
        dx = word[CHANNEL_BITS:][:DELTA_BITS].as_signed()
        dy = word[CHANNEL_BITS + DELTA_BITS :][:DELTA_BITS].as_signed()
        m.d.comb += [
            self.o.payload.eq(token),
            free.eq(~ended & (~self.o.valid | self.o.ready)),
            self.i.ready.eq(free & ~self.bad),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        taken = free & self.i.valid
        with m.If(word[-1]), m.If(taken):
            m.d.sync += [
                token.kind.eq(TokenKind.EVENT),
                token.channel.eq(word),
                token.y.eq(token.y + dy),
                token.x.eq(token.x + dx),
                self.o.valid.eq(1),
            ]
        with m.Elif(word[-2]), m.If(taken):
            m.d.sync += Cat(token.x, token.y).eq(word)
        with m.Elif(word[-3]), m.If(taken):
            m.d.sync += token.index.eq(token.index + word[:MARKER_BITS])
        with m.Elif(word[:MARKER_BITS] < TokenKind.EVENT.value), m.If(taken):
            m.d.sync += [token.kind.eq(word[:2]), self.o.valid.eq(1)]
            with m.If(word[:2] != Marker.READ):
                m.d.sync += [token.y.eq(0), token.x.eq(0), token.index.eq(NO_INDEX)]
                m.d.sync += ended.eq(word[:2] == Marker.STOP)
        with m.Else():
            m.d.comb += self.bad.eq(self.i.valid & ~ended)
        return m


class ListEncoder(wiring.Component):
    """Encoder of a list. Gives a word a clock; an event takes one to three, or more where its index
    is far from the one before.

    Members
    -------
    i : In(stream)
        Tokens: `TOKEN_LAYOUT`.
    o : Out(stream)
        Words.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(TOKEN_LAYOUT)),
                "o": Out(stream.Signature(WORD_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        token, word = self.i.p, self.o.payload
        y, x = Signal(COORDINATE_BITS), Signal(COORDINATE_BITS)
        index = Signal(INDEX_BITS, init=NO_INDEX)
        ahead, step = Signal(INDEX_BITS), Signal(MARKER_BITS)
        far = Signal()
        dy, dx = (
            Signal(range(-(1 << COORDINATE_BITS), 1 << COORDINATE_BITS), name=name)
            for name in ("dy", "dx")
        )
        half = 1 << DELTA_BITS - 1
        near = (dy >= -half) & (dy < half) & (dx >= -half) & (dx < half)
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            ahead.eq(token.index - index),
            far.eq(ahead > MAX_ADVANCE),
            step.eq(Mux(far, MAX_ADVANCE, ahead)),
            dy.eq(token.y - y),
            dx.eq(token.x - x),
        ]
        taken = self.i.valid & self.o.ready
        with m.If(token.kind != TokenKind.EVENT):
            m.d.comb += [word.eq(token.kind), self.i.ready.eq(self.o.ready)]
            with m.If(taken & (token.kind != TokenKind.READ)):
                m.d.sync += [y.eq(0), x.eq(0), index.eq(NO_INDEX)]
        with m.Elif(ahead != 0):
            m.d.comb += word.eq(Cat(step, Const(0b001, 3)))
            with m.If(taken):
                m.d.sync += index.eq(Mux(far, index + MAX_ADVANCE, token.index))
        with m.Elif(near):
            m.d.comb += [
                word.eq(Cat(token.channel, dx[:DELTA_BITS], dy[:DELTA_BITS], Const(1, 1))),
                self.i.ready.eq(self.o.ready),
            ]
            with m.If(taken):
                m.d.sync += [y.eq(token.y), x.eq(token.x)]
        with m.Else():
            m.d.comb += word.eq(Cat(token.x, token.y, Const(0b01, 2)))
            with m.If(taken):
                m.d.sync += [y.eq(token.y), x.eq(token.x)]
        return m
