"""Inbox: bytes of datagrams, which count only once their datagram is known to be good."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

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
        self.address_bits = exact_log2(depth)
        self.memory = Memory(shape=8, depth=depth, init=[])
        self.write: Any = self.memory.write_port()
        self.read: Any = self.memory.read_port()
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
        m.submodules.memory = self.memory
        write, read = self.write, self.read
        # Of the next byte, of the first one that is not kept, of the next to be read. One place
        # stays free.
        place = Signal(self.address_bits)
        base = Signal(self.address_bits)
        reading = Signal(self.address_bits)
        after = Signal(self.address_bits)
        is_full = Signal()
        m.d.comb += [
            after.eq(place + 1),
            is_full.eq(after == reading),
            write.addr.eq(place),
            write.data.eq(self.i),
            write.en.eq(self.i_valid & ~is_full),
        ]
        with m.If(write.en):
            m.d.sync += place.eq(after)
        with m.If(self.i_valid & is_full):
            m.d.sync += self.overflow.eq(1)
        with m.If(self.keep):
            m.d.sync += base.eq(place)
        with m.If(self.undo):
            m.d.sync += place.eq(base)
        with m.If(self.keep | self.undo):
            m.d.sync += self.overflow.eq(0)

        m.d.comb += [
            read.addr.eq(reading),
            read.en.eq(~self.o.valid | self.o.ready),
            self.o.payload.eq(read.data),
        ]
        with m.If(read.en):
            m.d.sync += self.o.valid.eq(reading != base)
            with m.If(reading != base):
                m.d.sync += reading.eq(reading + 1)
        return m
