"""Buffer: two registers that cut a stream's paths in both directions."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Buffer"]


class Buffer(wiring.Component):
    """Stream buffer of two places: one transfer a clock, one clock of latency.

    Valid, payload and ready all come out of registers.

    Parameters
    ----------
    shape : ShapeLike
        Payload.

    Members
    -------
    i : In(stream)
        Stream to buffer.
    o : Out(stream)
        The same transfers in the same order.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, shape: ShapeLike):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        second = Signal.like(self.i.payload)
        second_valid = Signal()
        m.d.comb += self.i.ready.eq(~second_valid)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid | second_valid), second_valid.eq(0)]
            with m.If(second_valid):
                m.d.sync += self.o.payload.eq(second)
            with m.Else():
                m.d.sync += self.o.payload.eq(self.i.payload)
        with m.Elif(self.i.valid & ~second_valid):
            m.d.sync += second_valid.eq(1)
        with m.If(~second_valid):
            m.d.sync += second.eq(self.i.payload)
        return m
