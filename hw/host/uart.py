"""UART: bytes over a serial line, 8 data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["MIN_DIVISOR", "UartReceiver", "UartTransmitter"]

MIN_DIVISOR = 4
"""Fewest clocks of a bit."""

BITS = 10
"""Bits of a byte on the line: start bit, data with the lowest bit first, stop bit."""


class UartReceiver(wiring.Component):
    """Receiver of bytes.

    Samples each bit in its middle. A byte without its stop bit is none; the next one may come once
    the line is high again.

    Parameters
    ----------
    divisor : int
        Clocks of a bit, at least `MIN_DIVISOR`.

    Members
    -------
    rx : In(1)
        The line, of any clock domain.
    o : Out(8)
        The byte.
    valid : Out(1)
        High for one clock for each byte.
    error : Out(1)
        High for one clock for each missing stop bit.
    """

    rx: Signal
    o: Signal
    valid: Signal
    error: Signal

    def __init__(self, divisor: int):
        self.divisor = _checked(divisor)
        super().__init__(
            {
                "rx": In(1, init=1),  # pyright: ignore[reportCallIssue]
                "o": Out(8),
                "valid": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        clocks = Signal(range(self.divisor))
        bits = Signal(range(BITS + 1))
        broken = Signal()
        m.d.sync += [self.valid.eq(0), self.error.eq(0)]
        with m.If(broken):
            m.d.sync += broken.eq(~line)
        with m.Elif(bits == 0):
            m.d.sync += clocks.eq(self.divisor // 2 - 1)
            with m.If(~line):
                m.d.sync += bits.eq(BITS)
        with m.Elif(clocks != 0):
            m.d.sync += clocks.eq(clocks - 1)
        with m.Else():
            m.d.sync += [clocks.eq(self.divisor - 1), bits.eq(bits - 1)]
            with m.If(bits == BITS):
                m.d.sync += bits.eq(Mux(line, 0, bits - 1))
            with m.Elif(bits == 1):
                m.d.sync += [self.valid.eq(line), self.error.eq(~line), broken.eq(~line)]
            with m.Else():
                m.d.sync += self.o.eq(Cat(self.o[1:], line))
        return m


class UartTransmitter(wiring.Component):
    """Transmitter of bytes.

    Parameters
    ----------
    divisor : int
        Clocks of a bit, at least `MIN_DIVISOR`.

    Members
    -------
    i : In(stream)
        Bytes.
    tx : Out(1)
        The line.
    """

    i: stream.Interface
    tx: Signal

    def __init__(self, divisor: int):
        self.divisor = _checked(divisor)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "tx": Out(1, init=1),  # pyright: ignore[reportCallIssue]
            }
        )

    def elaborate(self, platform):
        m = Module()
        clocks = Signal(range(self.divisor))
        bits = Signal(range(BITS + 1))
        rest = Signal(8)
        m.d.comb += self.i.ready.eq(bits == 0)
        with m.If(self.i.ready):
            m.d.sync += [rest.eq(self.i.payload), clocks.eq(self.divisor - 1)]
            with m.If(self.i.valid):
                m.d.sync += [self.tx.eq(0), bits.eq(BITS)]
        with m.Elif(clocks != 0):
            m.d.sync += clocks.eq(clocks - 1)
        with m.Else():
            m.d.sync += [
                clocks.eq(self.divisor - 1),
                bits.eq(bits - 1),
                Cat(self.tx, rest).eq(Cat(rest, 1)),
            ]
        return m


def _checked(divisor: int) -> int:
    if type(divisor) is not int or divisor < MIN_DIVISOR:
        raise ValueError(f"divisor = {divisor!r}: expected an integer of at least {MIN_DIVISOR}")
    return divisor
