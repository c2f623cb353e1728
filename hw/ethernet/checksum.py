"""Internet checksum (RFC 1071): the ones' complement sum of 16-bit words."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
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
        Whether to begin anew; in the fourth clock without a byte at the earliest.
    sum : Out(16)
        The sum, from the fourth clock without a byte on. With a right checksum in it, it is 0xFFFF.
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
        byte, high = Signal(8), Signal()
        m.d.sync += [byte.eq(self.i & self.i_valid.replicate(8)), high.eq(self.high)]
        term = Signal(16)
        m.d.sync += term.eq(Mux(high, Cat(Const(0, 8), byte), byte))
        # The carry comes in by a bit below the others: a third number would be a second adder.
        total = Signal(18)
        m.d.comb += total.eq(Cat(Const(1, 1), self.sum) + Cat(carry, term))
        m.d.sync += Cat(self.sum, carry).eq(total[1:])
        with m.If(self.clear):
            m.d.sync += [self.sum.eq(self.init), carry.eq(0)]
        return m
