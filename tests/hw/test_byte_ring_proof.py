"""Proof of the ring: what is kept is read once, in order, as it was written."""

from amaranth.hdl import Module, Signal, Value

from tests.hw.fabric.proof import claim, given, prove, refute
from tickless.hw.byte_ring import ByteRing

DEPTH = 4


def any_use(forward: int = 1) -> tuple[Module, list[Value]]:
    """Ring to which bytes are written one behind the other, and kept or forgotten, at any time.

    Follows any one of the bytes that are kept: it is to come out at its turn. With ``forward`` 2
    it is sought one place too far.
    """
    m = Module()
    m.submodules.ring = ring = ByteRing(DEPTH)
    undo = Signal()
    pending = Signal(range(DEPTH))  # bytes behind `base`
    kept, read = Signal(8), Signal(8)  # bytes so far
    sought = Signal(8)
    before = Signal(8)
    started = Signal()
    waiting = Signal.like(ring.base)
    m.d.sync += [started.eq(1), before.eq(sought)]
    m.d.comb += [
        waiting.eq(ring.base - ring.reading),
        given(~started | (sought == before)),
        # A writer's duties.
        given(~ring.write | (ring.address == (ring.base + pending)[: len(ring.base)])),
        given(~ring.write | (waiting + pending < DEPTH - 1)),
        given(~ring.keep | (ring.end == (ring.base + pending)[: len(ring.base)])),
        given(~(ring.write & (ring.keep | undo)) & ~(ring.keep & undo)),
    ]
    value = Signal(8)
    with m.If(ring.write):
        m.d.sync += pending.eq(pending + 1)
        with m.If((kept + pending)[:8] == sought):
            m.d.sync += value.eq(ring.i)
    with m.If(ring.keep):
        m.d.sync += kept.eq(kept + pending)
    with m.If(ring.keep | undo):
        m.d.sync += pending.eq(0)
    with m.If(ring.o.valid):
        m.d.comb += claim(read < kept)
        with m.If(read == (sought + forward - 1)[:8]):
            m.d.comb += claim(ring.o.payload == value)
        with m.If(ring.o.ready):
            m.d.sync += read.eq(read + 1)
    inputs = (ring.i, ring.address, ring.write, ring.keep, ring.end, ring.o.ready)
    return m, [*inputs, undo, sought]


def test_bytes_come_out_once_and_in_order():
    prove(*any_use(), depth=16, bounded=True)


def test_another_byte_is_found():
    refute(*any_use(forward=2), depth=10)


def standing_still() -> tuple[Module, list[Value]]:
    """Ring used in any way; what it offers stands still until it is taken."""
    m = Module()
    m.submodules.ring = ring = ByteRing(DEPTH)
    held, payload = Signal(), Signal(8)
    m.d.sync += [held.eq(ring.o.valid & ~ring.o.ready), payload.eq(ring.o.payload)]
    with m.If(held):
        m.d.comb += claim(ring.o.valid & (ring.o.payload == payload))
    return m, [ring.i, ring.address, ring.write, ring.keep, ring.end, ring.o.ready]


def test_an_offer_stands_until_it_is_taken():
    """Unbounded."""
    prove(*standing_still(), depth=2)
