"""Proof of the receiver, for anything that may come over the line."""

from amaranth.hdl import Module, Signal, Value

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.host.messages import DATA_BYTES
from tickless.hw.host.receiver import FRAME_BYTES, FrameReceiver

BUFFER_BYTES = 16


def any_line(longest: int = DATA_BYTES) -> tuple[Module, list[Value]]:
    """Receiver of any bytes, whose commands are read at any time.

    Asserts that nothing is written over a command that waits, that a command taken has an allowed
    length and is followed by what comes next, and that a zero leaves the receiver as it began.
    """
    m = Module()
    receiver = FrameReceiver(BUFFER_BYTES)
    m.submodules.receiver = fragment = freeze(receiver)
    ring = receiver.ring
    base, reading = ring.base, ring.reading
    place, length, overflow, skipping = (
        register(fragment, name) for name in ("place", "length", "overflow", "skipping")
    )
    started, rest = (register(fragment, "decoder", name) for name in ("started", "rest"))
    m.d.comb += [given(~(receiver.i_valid & receiver.i_error)), claim(started | (rest == 0))]

    def distance(end: Value, begin: Value, name: str) -> Signal:
        """Places from one address to another, around the memory's end."""
        places = Signal(range(BUFFER_BYTES), name=name)
        m.d.comb += places.eq(end - begin)
        return places

    waiting = distance(base, reading, "waiting")
    held = Signal(8)  # bytes of the frame under way
    m.d.comb += [
        held.eq(length + FRAME_BYTES),
        claim(held <= DATA_BYTES + FRAME_BYTES),
        claim(overflow | (distance(place, base, "written") == held)),
        claim(overflow | (waiting + held < BUFFER_BYTES)),
    ]
    address = ring.address
    with m.If(ring.write):
        m.d.comb += claim(distance(address, reading, "behind") >= waiting)

    taken, taken_bytes, begins = Signal(), Signal(8), Signal.like(base)
    ended = Signal()
    zero = Signal()
    m.d.sync += [
        taken.eq(receiver.taken),
        taken_bytes.eq(held - 1),
        begins.eq(base),
        zero.eq(receiver.i_valid & (receiver.i == 0)),
        ended.eq(zero),
    ]
    with m.If(receiver.taken):
        m.d.comb += [
            claim((held >= FRAME_BYTES) & (length <= longest)),
            claim((address == base) & (ring.i == length)),
        ]
    with m.If(taken):
        m.d.comb += claim(distance(base, begins, "length") == taken_bytes)
    with m.If(zero):
        m.d.comb += claim(~started & (rest == 0))
    with m.If(ended):
        m.d.comb += claim(~overflow & ~skipping & (held == 0) & (place == base))
    o, error = receiver.o, receiver.error
    return m, [receiver.i, receiver.i_valid, receiver.i_error, o.ready, error.ready]


def test_any_line():
    """Unbounded."""
    prove(*any_line(), depth=2)


def test_longer_commands_are_found():
    refute(*any_line(longest=1), depth=20)
