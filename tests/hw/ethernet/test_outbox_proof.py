"""Proof of the outbox: what is not acknowledged is kept, and no part that is sent is made up."""

from amaranth.hdl import Module, Signal, Value

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.ethernet.outbox import POSITION_BITS, Outbox

DEPTH = 16


def any_host(free: int = 1) -> tuple[Module, list[Value]]:
    """Outbox of any bytes, parts of which are started, acknowledged and asked for at any time.

    Asserts that at least ``free`` places stay free, so that no byte is written over that is not
    acknowledged; that what is sent lies between those and the last frame's end; and that a part
    that may be started is at its end or before it.
    """
    m = Module()
    outbox = Outbox(DEPTH)
    m.submodules.outbox = fragment = freeze(outbox)
    written, whole, kept = (register(fragment, name) for name in ("w", "whole", "kept"))

    def behind(end: Value, name: str) -> Signal:
        """Bytes from the first one that is not acknowledged up to a number."""
        distance = Signal(POSITION_BITS, name=name)
        m.d.comb += distance.eq(end - kept)
        return distance

    stored, ready, sent = (
        behind(end, name)
        for end, name in ((written, "stored"), (whole, "ready"), (outbox.position, "sent"))
    )
    m.d.comb += [
        claim(stored <= DEPTH - free),
        claim(ready <= stored),
        claim(sent <= ready),
    ]
    # Whoever sends: when it may, and of an acknowledgement the number stays.
    since = Signal(range(4), init=3)
    before = Signal.like(outbox.received)
    m.d.sync += before.eq(outbox.received)
    with m.If(outbox.acknowledge):
        m.d.sync += since.eq(0)
    with m.Elif(since != 3):
        m.d.sync += since.eq(since + 1)
    with m.If(since < 2):
        m.d.comb += [given(before == outbox.received), given(~outbox.acknowledge)]
        m.d.comb += given(~outbox.clear)
    m.d.comb += [
        given(~outbox.start | outbox.settled),
        given(~(outbox.acknowledge & outbox.clear)),
    ]
    return m, [
        *(outbox.i.payload, outbox.i.valid, outbox.start, outbox.take),
        *(outbox.acknowledge, outbox.received, outbox.again, outbox.clear),
    ]


def test_bytes_are_kept_until_they_are_acknowledged():
    prove(*any_host(), depth=20, bounded=True)


def test_another_room_is_found():
    refute(*any_host(free=3), depth=40)
