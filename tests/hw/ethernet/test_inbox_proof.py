"""Proof of the inbox: bytes pass on whole datagrams' worth, nothing kept is written over."""

from amaranth.hdl import Module, Signal, Value

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.ethernet.inbox import Inbox

DEPTH = 8


def any_datagrams(free: int = 1) -> tuple[Module, list[Value]]:
    """Inbox of any bytes, kept or undone at any time.

    Asserts that at least ``free`` places stay free, that bytes are written behind those that are
    kept, and that all bytes since the last datagram are there unless it says that one is not.
    """
    m = Module()
    inbox = Inbox(DEPTH)
    m.submodules.inbox = fragment = freeze(inbox)
    place = register(fragment, "place")
    base, reading = register(fragment, "ring", "base"), register(fragment, "ring", "reading")
    m.d.comb += given(~(inbox.i_valid & (inbox.keep | inbox.undo)) & ~(inbox.keep & inbox.undo))
    waiting, pending = Signal(range(DEPTH)), Signal(range(DEPTH))
    m.d.comb += [waiting.eq(base - reading), pending.eq(place - base)]
    m.d.comb += claim(waiting + pending <= DEPTH - free)
    count = Signal(8)  # bytes since then
    with m.If(inbox.keep | inbox.undo):
        m.d.sync += count.eq(0)
    with m.Elif(inbox.i_valid & (count != 255)):
        m.d.sync += count.eq(count + 1)
    m.d.comb += [claim(inbox.overflow | (count == pending)), claim(count >= pending)]
    return m, [inbox.i, inbox.i_valid, inbox.keep, inbox.undo, inbox.o.ready]


def test_what_is_kept_is_never_written_over():
    """Unbounded."""
    prove(*any_datagrams(), depth=4)


def test_the_last_place_is_used():
    refute(*any_datagrams(free=2), depth=20)
