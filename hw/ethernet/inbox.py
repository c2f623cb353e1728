"""Inbox: bytes of datagrams, which count only once their datagram is known to be good."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.byte_ring import ByteRing

__all__ = ["Inbox"]


class Inbox(wiring.Component):
    """Queue whose last bytes can be taken back.

    Parameters
    ----------
    depth : int
        Bytes, a power of two.

    Members
    -------
    i : In(8)
        Byte.
    i_valid : In(1)
        Whether there is one.
    keep, undo : In(1)
        Pass on what came since the last of these; forget it. Never beside a byte.
    overflow : Out(1)
        Whether a byte since then found no room.
    o : Out(stream)
        Bytes that are kept.
    """

    i: Signal
    i_valid: Signal
    keep: Signal
    undo: Signal
    overflow: Signal
    o: stream.Interface

    def __init__(self, depth: int):
        self.depth = depth
        super().__init__(
            {
                "i": In(8),
                **dict.fromkeys(("i_valid", "keep", "undo"), In(1)),
                "overflow": Out(1),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.ring = ring = ByteRing(self.depth)
        # A word of block RAM is late in its clock: nothing follows it but a register beside it, and
        # nothing that one but another, which may lie far away.
        beside = stream.Signature(8).create()
        for come, go in ((ring.o, beside), (beside, self.o)):
            m.d.comb += come.ready.eq(~go.valid | go.ready)
            with m.If(come.ready):
                m.d.sync += [go.valid.eq(come.valid), go.payload.eq(come.payload)]
        place = Signal.like(ring.address)  # of the next byte
        is_full = Signal()
        distance, wrote = Signal.like(place), Signal()  # both of a clock ago
        m.d.comb += [
            ring.address.eq(place),
            ring.i.eq(self.i),
            ring.write.eq(self.i_valid & ~is_full),
            ring.keep.eq(self.keep),
            ring.end.eq(place),
        ]
        # One place stays free; what is read or undone counts two clocks late.
        m.d.sync += [
            distance.eq(ring.reading - place),
            wrote.eq(ring.write),
            is_full.eq(
                (distance == 1)
                | ((distance == 2) & (wrote | ring.write))
                | ((distance == 3) & (wrote & ring.write))
            ),
        ]
        with m.If(ring.write):
            m.d.sync += place.eq(place + 1)
        with m.If(self.i_valid & is_full):
            m.d.sync += self.overflow.eq(1)
        with m.If(self.undo):
            m.d.sync += place.eq(ring.base)
        with m.If(self.keep | self.undo):
            m.d.sync += self.overflow.eq(0)
        return m
