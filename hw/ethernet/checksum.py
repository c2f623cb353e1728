"""Internet checksum (RFC 1071): the ones' complement sum of 16-bit words."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Checksum"]


class Checksum(wiring.Component):
    """Sum of bytes, two of which are a word.

    Parameters
    ----------
    init : int
        Sum of no bytes.

    Members
    -------
    i : In(8)
        Byte.
    i_valid : In(1)
        Whether there is one.
    high : In(1)
        Whether it is the high one of its word.
    clear : In(1)
        Whether to begin anew.
    sum : Out(16)
        The sum, from the second clock without a byte on. With a right checksum in it, it is 0xFFFF.
    """

    i: Signal
    i_valid: Signal
    high: Signal
    clear: Signal
    sum: Signal

    def __init__(self, init: int = 0):
        self.init = init
        super().__init__(
            {
                **dict.fromkeys(("i_valid", "high", "clear"), In(1)),
                "i": In(8),
                "sum": Out(16, init=init),  # pyright: ignore[reportCallIssue]
            }
        )

    def elaborate(self, platform):
        m = Module()
        carry = Signal()
        term = Signal(16)
        with m.If(self.i_valid):
            m.d.comb += term.eq(Mux(self.high, Cat(Signal(8), self.i), self.i))
        m.d.sync += Cat(self.sum, carry).eq(self.sum + term + carry)
        with m.If(self.clear):
            m.d.sync += [self.sum.eq(self.init), carry.eq(0)]
        return m
