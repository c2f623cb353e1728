"""UART: bytes over a serial line, 8 data bits, no parity, one stop bit."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["MIN_DIVISOR", "UartReceiver", "UartTransmitter", "samples_per_clock"]

MIN_DIVISOR = 2
"""Fewest clocks of a bit."""

SAMPLES_PER_BIT = 4
"""Fewest samples of a bit, of which one is surely in its middle half."""

BITS = 10
"""Bits of a byte on the line: start bit, data with the lowest bit first, stop bit."""


def samples_per_clock(divisor: int) -> int:
    """How often a receiver sees its line in a clock: at both of the clock's edges where it would
    see a bit fewer than `SAMPLES_PER_BIT` times at one."""
    return 1 if divisor >= SAMPLES_PER_BIT else 2


class UartReceiver(wiring.Component):
    """Receiver of bytes.

    Samples each bit in its middle: an edge of the line may come a quarter of a bit early, or half a
    bit late, against the byte's start bit. A rate that is 2 % off takes a fifth of a bit of that at
    the end of a byte. A byte without its stop bit is none; the next one may come once the line is
    high again.

    Parameters
    ----------
    divisor : int
        Clocks of a bit, at least `MIN_DIVISOR`.

    Members
    -------
    rx : In(samples_per_clock)
        The line, of any clock domain. Where there are two samples of a clock, the earlier one is
        the lower bit.
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
        samples = samples_per_clock(divisor)
        super().__init__(
            {
                "rx": In(samples, init=-1),  # pyright: ignore[reportCallIssue]
                "o": Out(8),
                "valid": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        line = Signal.like(self.rx)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=-1)
        clocks = Signal(range(self.divisor))
        bits = Signal(range(BITS + 1))
        broken = Signal()
        phase = Signal(range(len(line)))  # of the samples that are taken: of the start bit's first
        level = Array(line)[phase]
        m.d.sync += [self.valid.eq(0), self.error.eq(0)]

        def begin(first: ValueLike) -> None:
            m.d.sync += [bits.eq(BITS), clocks.eq(self.divisor // 2 - 1), phase.eq(first)]

        with m.If(broken):
            m.d.sync += broken.eq(~line.all())
        with m.Elif(bits == 0), m.If(~line.all()):
            begin(line[0])
        with m.Elif(clocks != 0):
            m.d.sync += clocks.eq(clocks - 1)
        with m.Else():
            m.d.sync += [clocks.eq(self.divisor - 1), bits.eq(bits - 1)]
            with m.If(bits == BITS):
                m.d.sync += bits.eq(Mux(level, 0, bits - 1))
            with m.Elif(bits == 1):
                m.d.sync += [self.valid.eq(level), self.error.eq(~level), broken.eq(~level)]
                # Of a host whose bits are short, the next start bit is there already.
                with m.If(level & ~line[-1]):
                    begin(1)
            with m.Else():
                m.d.sync += self.o.eq(Cat(self.o[1:], level))
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
