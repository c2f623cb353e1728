"""Conversation: one host, whose bytes are taken in order."""

from math import ceil
from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.ethernet.datagram import DATAGRAM_LAYOUT
from tickless.hw.ethernet.outbox import POSITION_BITS
from tickless.hw.ethernet.receiver import COUNT_BITS, SENDER_LAYOUT

__all__ = ["SESSION_BITS", "Conversation"]

SESSION_BITS = 16

SLICE_BITS = 8
"""Bits that are compared in a clock."""


class Conversation(wiring.Component):
    """Conversation with the host that began the last session.

    Members
    -------
    over, is_datagram, sender, header, count : In
        Packets: see `hw.ethernet.receiver.PacketReceiver`.
    overflow : In(1)
        Whether bytes of the packet found no room.
    keep, undo : Out(1)
        High for one clock, one of both for each packet: whether its bytes are the next ones.
    acknowledge, again, clear : Out(1)
        Orders to the outbox: see `hw.ethernet.outbox.Outbox`.
    peer : Out(SENDER_LAYOUT)
        The host.
    session : Out(SESSION_BITS)
        Number of its session.
    expected : Out(POSITION_BITS)
        Number of the next byte from it.
    owes : Out(1)
        Whether a datagram of it is not answered.
    answered : In(1)
        Whether an answer with what is said here is begun.
    """

    over: Signal
    is_datagram: Signal
    sender: Any
    header: Any
    count: Signal
    overflow: Signal
    keep: Signal
    undo: Signal
    acknowledge: Signal
    again: Signal
    clear: Signal
    peer: Any
    session: Signal
    expected: Signal
    owes: Signal
    answered: Signal

    def __init__(self):
        super().__init__(
            {
                **dict.fromkeys(("over", "is_datagram", "overflow", "answered"), In(1)),
                "sender": In(SENDER_LAYOUT),
                "header": In(DATAGRAM_LAYOUT),
                "count": In(COUNT_BITS),
                **dict.fromkeys(("keep", "undo", "acknowledge", "again", "clear", "owes"), Out(1)),
                "peer": Out(SENDER_LAYOUT),
                "session": Out(SESSION_BITS),
                "expected": Out(POSITION_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        header = self.header
        has_peer = Signal()
        renewing = Signal()
        peer: Any = Signal(SENDER_LAYOUT, reset_less=True)
        session = Signal(SESSION_BITS, reset_less=True)
        m.d.comb += [self.peer.eq(peer), self.session.eq(session)]
        # Host and session are taken over a clock later; a packet in that clock is nobody's.
        m.d.sync += renewing.eq(0)
        with m.If(renewing):
            m.d.sync += [peer.eq(self.sender), session.eq(header.session)]

        def equal(name: str, one: Any, other: Any) -> Value:
            """Whether two values are equal: told for slices of them a clock later, and joined."""
            bits, others = Value.cast(one), Value.cast(other)
            slices = Signal(ceil(len(bits) / SLICE_BITS), name=name)
            for index, start in enumerate(range(0, len(bits), SLICE_BITS)):
                these = slice(start, start + SLICE_BITS)
                m.d.sync += slices[index].eq(bits[these] == others[these])
            return slices.all()

        zero = Const(0, POSITION_BITS)
        opens, has_room = Signal(), Signal()
        is_session, is_new, is_next = Signal(), Signal(), Signal()
        is_open = has_peer & ~renewing
        is_known = equal("same_session", Cat(header.session, 1), Cat(session, is_open))
        m.d.sync += [opens.eq(header.opens & (self.count == 0)), has_room.eq(~self.overflow)]
        m.d.comb += [
            is_session.eq(is_known & equal("same_host", self.sender, peer)),
            is_new.eq(opens & equal("at_zero", header.position, zero) & ~is_known),
            is_next.eq(has_room & equal("in_order", header.position, self.expected)),
        ]
        with m.If(self.answered):
            m.d.sync += self.owes.eq(0)
        m.d.comb += self.again.eq(header.again)
        with m.FSM():
            with m.State("wait"), m.If(self.over):
                with m.If(self.is_datagram):
                    m.next = "judge"  # what the header is compared with is there a clock later
                with m.Else():
                    m.d.comb += self.undo.eq(1)
            with m.State("judge"):
                m.next = "wait"
                m.d.comb += self.undo.eq(~self.keep)
                with m.If(is_new):
                    m.d.comb += self.clear.eq(1)
                    m.d.sync += [
                        has_peer.eq(1),
                        renewing.eq(1),
                        self.expected.eq(0),
                        self.owes.eq(1),
                    ]
                with m.If(is_session):  # never both
                    m.d.comb += self.acknowledge.eq(1)
                    m.d.sync += self.owes.eq(1)
                    with m.If(is_next):
                        m.d.comb += self.keep.eq(1)
                        m.d.sync += self.expected.eq(self.expected + self.count)
        return m
