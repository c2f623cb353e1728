"""Addresses of events: where the tables say what an event does, a clock before it is looked up."""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.layouts import EDGES, register_layout
from tickless.hw.passes.lists import NO_INDEX, TOKEN_LAYOUT, TokenKind
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.words import CHANNEL_BITS, COORDINATE_BITS, INDEX_BITS
from tickless.hw.streams import Buffer

__all__ = ["EventAddresses", "event_layout"]


def event_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of an event or a marker with its addresses.

    Members
    -------
    kind : TokenKind
        What it is.
    several : unsigned(1)
        Whether an event may take more than one step.
    channel, row, column : unsigned
        Addresses in the regions of these names; the latter two of its first step.
    """
    return data.StructLayout(
        {
            "kind": TokenKind,
            "several": 1,
            "channel": CHANNEL_BITS + 1,
            "row": range(EDGES * shape.table_words),
            "column": range(EDGES * shape.table_words),
        }
    )


class EventAddresses(wiring.Component):
    """Addresses of events, and to which edge of a join each belongs.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    registers : In(register_layout)
        Of the pass.
    i : In(stream)
        Events and markers: `hw.passes.lists.TOKEN_LAYOUT`.
    o : Out(stream)
        The same with addresses: `event_layout`.
    """

    registers: Any
    i: stream.Interface
    o: stream.Interface

    def __init__(self, shape: EngineShape):
        self.shape = shape
        super().__init__(
            {
                "registers": In(register_layout(shape)),
                "i": In(stream.Signature(TOKEN_LAYOUT)),
                "o": Out(stream.Signature(event_layout(shape))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        registers = self.registers
        # A clock finds the edge, the next one the addresses.
        token = data.StructLayout(
            {
                "kind": TokenKind,
                "edge": range(EDGES),
                "channel": CHANNEL_BITS,
                "y": COORDINATE_BITS,
                "x": COORDINATE_BITS,
            }
        )
        m.submodules.tokens = tokens = Buffer(token)
        m.submodules.events = events = Buffer(event_layout(self.shape))
        connect(m, events.o, flipped(self.o))
        last_index = Signal(INDEX_BITS, init=NO_INDEX)
        m.d.comb += [
            tokens.i.p.kind.eq(self.i.p.kind),
            tokens.i.p.edge.eq(registers.joined & (self.i.p.index != last_index)),
            tokens.i.p.channel.eq(self.i.p.channel),
            tokens.i.p.y.eq(self.i.p.y),
            tokens.i.p.x.eq(self.i.p.x),
            tokens.i.valid.eq(self.i.valid),
            self.i.ready.eq(tokens.i.ready),
        ]
        with m.If(self.i.valid & self.i.ready), m.Switch(self.i.p.kind):
            with m.Case(TokenKind.EVENT):
                m.d.sync += last_index.eq(self.i.p.index)
            with m.Case(TokenKind.END, TokenKind.STOP):
                m.d.sync += last_index.eq(NO_INDEX)

        now, event = tokens.o.p, events.i.p
        table = now.edge * self.shape.table_words
        row_bits, column_bits = (
            Array(steps)[now.edge] for steps in (registers.row_steps, registers.column_steps)
        )
        m.d.comb += [
            event.kind.eq(now.kind),
            event.several.eq((row_bits != 0) | (column_bits != 0)),
            event.channel.eq(Cat(now.channel, now.edge)),
            event.row.eq(table + (now.y << row_bits)),
            event.column.eq(table + (now.x << column_bits)),
            events.i.valid.eq(tokens.o.valid),
            tokens.o.ready.eq(events.i.ready),
        ]
        return m
