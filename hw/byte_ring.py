"""Ring of bytes: written ahead, kept or not, read in order."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from tickless.hw.ram import Ram

__all__ = ["ByteRing"]


class ByteRing(wiring.Component):
    """Memory for bytes that count only once they are kept.

    Whoever writes leaves the places from ``reading`` to ``base`` alone, and keeps none beyond
    ``reading``: one place stays free.

    Parameters
    ----------
    depth : int
        Bytes, a power of two.

    Members
    -------
    i, address, write : In
        Byte, its place, and whether to write it.
    keep, end : In
        Whether to keep, and pass on, all bytes from ``base`` up to a place, which becomes ``base``.
    base : Out
        First place that is not kept.
    reading : Out
        Next place to be read.
    o : Out(stream)
        Bytes that are kept.
    """

    i: Signal
    address: Signal
    write: Signal
    keep: Signal
    end: Signal
    base: Signal
    reading: Signal
    o: stream.Interface

    def __init__(self, depth: int):
        places = exact_log2(depth)
        self.memory = Ram(8, depth, single_port=False)
        super().__init__(
            {
                "i": In(8),
                "address": In(places),
                "write": In(1),
                "keep": In(1),
                "end": In(places),
                "base": Out(places),
                "reading": Out(places),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = self.memory
        memory, write = self.memory, self.memory.write
        m.d.comb += [
            write.addr.eq(self.address),
            write.data.eq(self.i),
            write.en.eq(self.write),
            memory.address.eq(self.reading),
            memory.enable.eq(~self.o.valid | self.o.ready),
            self.o.payload.eq(memory.word),
        ]
        with m.If(self.keep):
            m.d.sync += self.base.eq(self.end)
        with m.If(memory.enable):
            m.d.sync += self.o.valid.eq(self.reading != self.base)
            with m.If(self.reading != self.base):
                m.d.sync += self.reading.eq(self.reading + 1)
        return m
