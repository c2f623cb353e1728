"""Replier: chooses the next reply and sends its bytes."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.host.cobs import FRAME_BYTE
from tickless.hw.host.dispatcher import REPLY_BITS, reply_code
from tickless.hw.host.messages import Reply
from tickless.hw.one_hot import one_hot_choice

__all__ = ["COUNTERS", "Replier"]

ROW_BYTES = 8
"""Bytes that are chosen at once, of all replies, before one is chosen of them."""

COUNTERS = "counters_"
"""What the name of a core's counters begins with."""

SINGLE = {
    Reply.SYNCED: "synced",
    Reply.INFO: "info",
    Reply.ANSWER: "answer",
    Reply.REPLAYED: "replayed",
    Reply.ERROR: "error",
}
"""Replies of one kind of data."""


class Replier(wiring.Component):
    """Replier to the host.

    Errors of the line go first, then ACK, then the replies of the command at hand.

    Parameters
    ----------
    layout : data.StructLayout
        Data of each reply, a byte at least, by name: ``synced``, ``info``, ``ack``, ``answer``,
        ``error``, ``line_error``, ``counters_n`` of each index n, and, if there is a stored sample,
        ``replayed``.

    Members
    -------
    messages : In(layout)
        The data. What is being sent stays.
    line_error_valid, line_error_ready : In(1), Out(1)
        Handshake of errors of the line; ready when it has been sent.
    done : In(1)
        High for one clock for each command that is over.
    reply : In(stream)
        Replies of commands: `hw.host.dispatcher.reply_code`. Ready when it has been sent.
    index : In(8)
        Which counters are asked for.
    o : Out(stream)
        Frames without their check: `hw.host.cobs.FRAME_BYTE`.
    """

    messages: Any
    line_error_valid: Signal
    line_error_ready: Signal
    done: Signal
    reply: stream.Interface
    index: Signal
    o: stream.Interface

    def __init__(self, layout: data.StructLayout):
        self.layout = layout
        super().__init__(
            {
                "messages": In(layout),
                "line_error_valid": In(1),
                "line_error_ready": Out(1),
                "done": In(1),
                "reply": In(stream.Signature(REPLY_BITS)),
                "index": In(8),
                "o": Out(stream.Signature(FRAME_BYTE)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        first_row, rows, ends = self._rows()
        choice = Signal(len(rows))  # a bit a row: a number would cost more
        row = Signal(8 * ROW_BYTES)
        end = Signal(ROW_BYTES)
        column = Signal(ROW_BYTES)
        m.d.sync += [row.eq(one_hot_choice(rows, choice)), end.eq(one_hot_choice(ends, choice))]
        byte = one_hot_choice([row.word_select(index, 8) for index in range(ROW_BYTES)], column)

        code = Signal(REPLY_BITS)
        from_line = Signal()
        to_acknowledge = Signal()
        sequence = Signal(8)
        move = Signal()
        m.d.comb += move.eq(~self.o.valid | self.o.ready)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.done):
            m.d.sync += to_acknowledge.eq(1)

        def send(reply: Reply, name: str) -> None:
            m.d.sync += [code.eq(reply_code(reply)), choice.eq(1 << first_row[name])]
            m.next = "sequence"

        def put(value: Value, last: Value | int = 0) -> None:
            m.d.sync += [self.o.valid.eq(1), self.o.p.byte.eq(value), self.o.p.last.eq(last)]

        with m.FSM():
            with m.State("idle"):
                m.d.sync += [column.eq(1), from_line.eq(self.line_error_valid)]
                with m.If(self.line_error_valid):
                    send(Reply.ERROR, "line_error")
                with m.Elif(to_acknowledge):
                    m.d.sync += to_acknowledge.eq(self.done)
                    send(Reply.ACK, "ack")
                with m.Elif(self.reply.valid), m.Switch(self.reply.p):
                    for reply, name in SINGLE.items():
                        if name in self.layout.members:
                            with m.Case(reply_code(reply)):
                                send(reply, name)
                    with m.Case(reply_code(Reply.COUNTERS)), m.Switch(self.index):
                        for name in self.layout.members:
                            if name.startswith(COUNTERS):
                                with m.Case(int(name.removeprefix(COUNTERS))):
                                    send(Reply.COUNTERS, name)
            with m.State("sequence"):
                put(sequence)
                m.next = "type"
            with m.State("type"), m.If(move):
                put(Cat(code, Mux(code.all(), 0xF, 0x8)))
                m.next = "data"
            with m.State("shift"):
                m.d.sync += choice.eq(choice << 1)
                m.next = "row"
            with m.State("row"):  # it comes out of its register
                m.next = "data"
            with m.State("data"), m.If(move):
                put(byte, (end & column).any())
                m.d.sync += column.eq(column.rotate_left(1))
                with m.If(column[-1]):
                    m.next = "shift"
                with m.If((end & column).any()):
                    m.next = "end"
            with m.State("end"), m.If(self.o.ready):
                m.next = "taken"
            with m.State("taken"):
                m.d.sync += sequence.eq(sequence + 1)
                m.d.comb += [
                    self.line_error_ready.eq(from_line),
                    self.reply.ready.eq(~from_line & (code != reply_code(Reply.ACK))),
                ]
                m.next = "idle"
        return m

    def _rows(self) -> tuple[dict[str, int], list[Value], list[Const]]:
        """First row of each reply; rows; for each row the place of its reply's last byte."""
        first_row: dict[str, int] = {}
        rows, ends = [], []
        for name, field in self.layout:
            first_row[name] = len(rows)
            size = -(-field.width // 8)
            bits = Value.cast(self.messages[name])
            for start in range(0, size, ROW_BYTES):
                rows.append(bits[8 * start :][: 8 * ROW_BYTES])
                last = size - 1 - start
                ends.append(Const(1 << last if last < ROW_BYTES else 0, ROW_BYTES))
        return first_row, rows, ends
