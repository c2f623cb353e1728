"""Proof of the conversation: of any packets the next bytes of one session alone are taken."""

from amaranth.hdl import Module, Signal, Value

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.ethernet.conversation import Conversation
from tickless.hw.ethernet.datagram import MOST_BYTES


def any_packets(in_order: bool = True) -> tuple[Module, list[Value]]:
    """Conversation of any packets, of anyone.

    Asserts that a packet is kept or undone, once; that what is kept is the next datagram of the
    session and of its host, found room, and moves what is expected by its bytes; and that nothing
    else moves it but a new session. With ``in_order`` false it claims that none is ever taken.
    """
    m = Module()
    talk = Conversation()
    m.submodules.talk = fragment = freeze(talk)
    has_peer = register(fragment, "has_peer")
    header, inputs = talk.header, (talk.sender, talk.header, talk.count, talk.overflow)
    values = [Value.cast(value) for value in inputs]
    held = [Signal(len(value), name=f"held_{n}") for n, value in enumerate(values)]
    over, is_datagram = Signal(), Signal()
    judging = Signal()  # the clock behind a datagram
    m.d.comb += judging.eq(over & is_datagram)
    m.d.sync += [
        over.eq(talk.over),
        is_datagram.eq(talk.is_datagram),
        *(before.eq(value) for before, value in zip(held, values, strict=True)),
    ]
    with m.If(over):
        m.d.comb += [
            given(~talk.over),
            *(given(before == value) for before, value in zip(held, values, strict=True)),
        ]
    m.d.comb += given(talk.count <= MOST_BYTES)
    # The state and the packet that it judges belong together.
    with m.If(~judging):
        m.d.comb += [claim(~talk.keep), claim(talk.undo == (talk.over & ~talk.is_datagram))]
    with m.Else():
        m.d.comb += claim(talk.keep ^ talk.undo)
    before = Signal.like(talk.expected)
    kept, cleared, count = Signal(), Signal(), Signal.like(talk.count)
    m.d.sync += [
        before.eq(talk.expected),
        kept.eq(talk.keep),
        cleared.eq(talk.clear),
        count.eq(talk.count),
    ]
    m.d.comb += claim(~(talk.keep & talk.clear))
    with m.If(talk.keep):
        m.d.comb += [
            claim(in_order),
            claim(has_peer & (header.session == talk.session)),
            claim(Value.cast(talk.sender) == Value.cast(talk.peer)),
            claim((header.position == talk.expected) & ~talk.overflow),
        ]
    with m.If(kept):
        m.d.comb += claim(talk.expected == (before + count)[: len(before)])
    with m.Elif(cleared):
        m.d.comb += claim((talk.expected == 0) & talk.owes)
    with m.Else():
        started = Signal()
        m.d.sync += started.eq(1)
        m.d.comb += claim(~started | (talk.expected == before))
    with m.If(talk.clear):
        m.d.comb += claim(header.opens & (header.position == 0) & (talk.count == 0))
    return m, [talk.over, talk.is_datagram, talk.answered, *values]


def test_nothing_is_taken_out_of_order():
    """Unbounded."""
    prove(*any_packets(), depth=3)


def test_a_datagram_that_is_taken_is_found():
    refute(*any_packets(in_order=False), depth=12)
