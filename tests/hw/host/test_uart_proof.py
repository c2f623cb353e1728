"""Proofs of the UART: what is sent arrives, and nothing on the line keeps the receiver."""

from typing import Any

import pytest
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data

from tests.hw.fabric.proof import claim, freeze, given, prove, refute, register
from tickless.hw.host.uart import BITS, UartReceiver, UartTransmitter

DIVISORS = [2, 3, 4, 5, 8]

LAG = 3
"""Clocks from the line to the receiver: two of the synchronizer, one to find the start bit."""


def clocks_left(bits: Value, clocks: Value, divisor: int) -> Value:
    """Clocks until a byte is over."""
    return Mux(bits == 0, 0, (bits - 1) * divisor + clocks + 1)


def connected(divisor: int, send_divisor: int, phase: int = 0) -> tuple[Module, list[Value]]:
    """Transmitter and receiver on one line; bytes come at any time, and each edge of the line
    between the samples of a clock if ``phase`` is 1.

    Asserts that the receiver follows the transmitter at a fixed distance, that each byte comes out
    once, when its stop bit is seen, and that nothing else does.
    """
    m = Module()
    transmitter, receiver = UartTransmitter(send_divisor), UartReceiver(divisor)
    m.submodules.transmitter = sending = freeze(transmitter)
    m.submodules.receiver = receiving = freeze(receiver)
    sent_before = Signal(init=1)
    m.d.sync += sent_before.eq(transmitter.tx)
    line = Cat(sent_before if phase else transmitter.tx, transmitter.tx)[-len(receiver.rx) :]
    m.d.comb += receiver.rx.eq(line)
    i = transmitter.i

    # What the transmitter does, now and up to `LAG` clocks ago.
    sends = data.StructLayout({"bits": range(BITS + 1), "clocks": range(divisor), "byte": 8})
    stages: list[Any] = [Signal(sends, name=f"sends_{age}") for age in range(LAG + 1)]
    now = stages[0]
    byte = Signal(8)
    with m.If(i.valid & i.ready):
        m.d.sync += byte.eq(i.payload)
    m.d.comb += [
        now.bits.eq(register(sending, "bits")),
        now.clocks.eq(register(sending, "clocks")),
        now.byte.eq(byte),
    ]
    lefts = [clocks_left(stage.bits, stage.clocks, divisor) for stage in stages]
    levels = [
        Cat(1, 1, *(stage.byte[7 - place] for place in range(8)), 0).bit_select(stage.bits, 1)
        for stage in stages
    ]
    for age in range(LAG):
        before, after = stages[age + 1], stages[age]
        m.d.sync += before.eq(after)
        left = lefts[age + 1]
        m.d.comb += claim((before.bits <= BITS) & (before.clocks < divisor))
        with m.If(left > 1):
            m.d.comb += claim((lefts[age] == left - 1) & (after.byte == before.byte))
        with m.Else():
            m.d.comb += claim((lefts[age] == 0) | ((left == 0) & (lefts[age] == BITS * divisor)))
    seen = [Cat(levels[age + phase], levels[age])[-len(receiver.rx) :] for age in range(LAG)]
    m.d.comb += [
        claim((now.bits <= BITS) & (now.clocks < divisor)),
        claim(transmitter.tx == levels[0]),
        claim(sent_before == levels[1]),
        claim(register(receiving, "synchronizer", "stage0") == seen[1]),
        claim(register(receiving, "synchronizer", "stage1") == seen[2]),
    ]
    for sent in range(BITS):
        with m.If(now.bits == BITS - sent):
            rest = Cat(byte[sent:], Const(0xFF))[:8]
            m.d.comb += claim(register(sending, "rest") == rest)

    bits, clocks = register(receiving, "bits"), register(receiving, "clocks")
    if len(receiver.rx) > 1:
        with m.If(bits != 0):
            m.d.comb += claim(register(receiving, "phase") == phase)
    left, late = lefts[LAG], divisor - divisor // 2
    m.d.comb += [
        claim(clocks < divisor),
        claim(clocks_left(bits, clocks, divisor) == Mux(left > late, left - late, 0)),
        claim(~register(receiving, "broken") & ~receiver.error),
    ]
    for taken in range(1, 9):
        with m.If(bits == BITS - 1 - taken):
            m.d.comb += claim(receiver.o[8 - taken :] == stages[LAG].byte[:taken])
    arrives, arriving = Signal(), Signal(8)
    m.d.sync += [arrives.eq(left == late + 1), arriving.eq(stages[LAG].byte)]
    m.d.comb += claim(receiver.valid == arrives)
    with m.If(arrives):
        m.d.comb += claim(receiver.o == arriving)
    return m, [i.valid, i.payload]


@pytest.mark.parametrize(
    ("divisor", "phase"), [(2, 0), (2, 1), (3, 0), (3, 1), (4, 0), (5, 0), (8, 0)]
)
def test_what_is_sent_arrives(divisor, phase):
    """Unbounded, for any bytes at any intervals."""
    prove(*connected(divisor, divisor, phase), depth=2)


def test_another_divisor_is_found():
    refute(*connected(8, 4), depth=60)


def any_line(divisor: int, clocks_high: int) -> tuple[Module, list[Value]]:
    """Receiver on a line that does anything; asserts that ``clocks_high`` make it idle."""
    m = Module()
    receiver = UartReceiver(divisor)
    m.submodules.receiver = fragment = freeze(receiver)
    bits, clocks = register(fragment, "bits"), register(fragment, "clocks")
    broken = register(fragment, "broken")
    line = register(fragment, "synchronizer", "stage1").all()
    left = clocks_left(bits, clocks, divisor)
    high = Signal(range(clocks_high + 1))  # clocks for which the receiver has seen a high line
    m.d.sync += high.eq(Mux(line, high + (high < clocks_high), 0))
    longest = (BITS - 1) * divisor + divisor // 2
    m.d.comb += [
        claim((bits <= BITS) & (clocks < divisor)),
        claim((bits < BITS) | (clocks < divisor // 2)),
        claim(~broken | ((high == 0) & (bits == 0))),
        claim((bits == 0) | (left + high <= longest)),
    ]
    with m.If(high == clocks_high):
        m.d.comb += claim((bits == 0) & ~broken)
    return m, [receiver.rx]


@pytest.mark.parametrize("divisor", DIVISORS)
def test_a_high_line_makes_the_receiver_idle(divisor):
    """Unbounded, after any line behaviour."""
    longest = (BITS - 1) * divisor + divisor // 2
    prove(*any_line(divisor, longest), depth=2)


TICKS = 32
"""Ticks of a bit on `loose_line`."""


def loose_line(divisor: int, early: int, late: int) -> tuple[Module, list[Value], int]:
    """Receiver on a line with one byte, of which each edge but the first comes up to ``early``
    ticks before its time, or ``late`` behind it; any byte, at any time between two clocks.

    Asserts that it is the only byte that comes out.

    Returns
    -------
    tuple
        The module, its free signals, and the clocks after which the byte is over.
    """
    m = Module()
    receiver = UartReceiver(divisor)
    m.submodules.receiver = receiver
    byte, start = Signal(8), Signal(range(TICKS // divisor))
    shifts = [Signal(signed(8), name=f"shift_{edge}") for edge in range(BITS)]
    free: list[Value] = [byte, start, *shifts]
    # They are free, but do not change.
    running = Signal()
    m.d.sync += running.eq(1)
    for signal in free:
        before = Signal.like(signal)
        m.d.sync += before.eq(signal)
        m.d.comb += given(~running | (before == signal))
    for shift in shifts:
        m.d.comb += given((shift >= -early) & (shift <= late))
    m.d.comb += given(shifts[0] == 0)

    last = BITS * divisor + 8
    clock = Signal(range(last + 1))
    m.d.sync += clock.eq(Mux(clock == last, last, clock + 1))
    edges = [
        start + TICKS + edge * TICKS + shift if edge else start + TICKS
        for edge, shift in enumerate(shifts)
    ]
    ticks = TICKS // divisor  # of a clock
    for sample in range(len(receiver.rx)):
        time = clock * ticks + sample * (ticks // len(receiver.rx))
        level: Value = Const(1)
        for edge, bit in zip(edges, (Const(0), *byte, Const(1)), strict=True):
            level = Mux(time >= edge, bit, level)
        m.d.comb += receiver.rx[sample].eq(level)
    count = Signal(2)
    with m.If(receiver.valid):
        m.d.sync += count.eq(count + 1)
        m.d.comb += claim((count == 0) & (receiver.o == byte))
    m.d.comb += claim(~receiver.error & ((clock != last) | (count == 1)))
    return m, [*free], last + 2


@pytest.mark.parametrize("divisor", [2, 4])
def test_edges_may_come_a_quarter_of_a_bit_early_or_half_a_bit_late(divisor):
    """For any byte, at any time between two samples: the least that any divisor has."""
    m, free, depth = loose_line(divisor, early=TICKS // 4 - 1, late=TICKS // 2)
    prove(m, free, depth=depth, bounded=True)


@pytest.mark.parametrize("divisor", [2, 4])
@pytest.mark.parametrize(
    ("early", "late"), [(TICKS // 4 + 1, TICKS // 2), (TICKS // 4 - 1, TICKS // 2 + TICKS // 4)]
)
def test_looser_edges_are_found(divisor, early, late):
    m, free, depth = loose_line(divisor, early, late)
    refute(m, free, depth=depth)
