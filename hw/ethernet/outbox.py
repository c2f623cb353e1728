"""Outbox: bytes for the host, kept until it has acknowledged them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from tickless.hw.ethernet.datagram import MOST_BYTES
from tickless.hw.ethernet.receiver import COUNT_BITS
from tickless.hw.ram import Ram

__all__ = ["POSITION_BITS", "Outbox"]

POSITION_BITS = 32
"""Width of a byte's number."""

SETTLING_CLOCKS = 4
"""Clocks after which what is to be sent follows a change of places."""


class Outbox(wiring.Component):
    """Queue of whole frames of the line, parts of which are sent, and again where they were lost.

    Parameters
    ----------
    depth : int
        Bytes, a power of two.

    Members
    -------
    i : In(stream)
        Bytes of the line.
    waiting : Out(1)
        Whether there are bytes to be sent, up to a frame's end.
    settled : Out(1)
        Whether a part may be started.
    position, count : Out
        Number of the first byte of the part that would be started, and its bytes: 0 to
        `MOST_BYTES`.
    start : In(1)
        Start it; while ``settled``.
    o : Out(8)
        Byte of the started part.
    take : In(1)
        Whether it is taken; in the fourth clock after ``start`` at the earliest.
    acknowledge : In(1)
        All before number ``received`` have arrived, which stays for three clocks. A number that
        cannot be is ignored.
    again : In(1)
        Whether to send from there, beside ``acknowledge``.
    clear : In(1)
        Forget all, and count from 0.
    """

    i: stream.Interface
    waiting: Signal
    settled: Signal
    position: Signal
    count: Signal
    start: Signal
    o: Signal
    take: Signal
    acknowledge: Signal
    received: Signal
    again: Signal
    clear: Signal

    def __init__(self, depth: int):
        self.address_bits = exact_log2(depth)
        self.memory = Ram(8, depth, single_port=False)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                **dict.fromkeys(("waiting", "settled"), Out(1)),
                "position": Out(POSITION_BITS),
                "count": Out(COUNT_BITS),
                **dict.fromkeys(("start", "take", "acknowledge", "again", "clear"), In(1)),
                "o": Out(8),
                "received": In(POSITION_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = self.memory
        memory, write = self.memory, self.memory.write
        bits = self.address_bits
        # Numbers of bytes: the next one to come, that behind the last whole frame, the next one to
        # be sent (`position`), and the first one that is not acknowledged.
        written, whole, kept = (Signal(POSITION_BITS, name=name) for name in ("w", "whole", "kept"))
        room = Signal()
        used = Signal(bits + 1)
        m.d.comb += [
            self.i.ready.eq(room & ~self.clear),
            write.addr.eq(written[:bits]),
            write.data.eq(self.i.payload),
            write.en.eq(self.i.valid & self.i.ready),
        ]
        # `room` is late by two clocks, in which two bytes may come.
        m.d.sync += [used.eq(written - kept), room.eq(used < (1 << bits) - 4)]
        with m.If(write.en):
            m.d.sync += written.eq(written + 1)
            with m.If(self.i.payload == 0):
                m.d.sync += whole.eq(written + 1)

        left = Signal(bits + 1)
        settling = Signal(range(SETTLING_CLOCKS + 1))
        m.d.sync += [
            left.eq(whole - self.position),
            self.waiting.eq(left != 0),
            self.count.eq(Mux(left > MOST_BYTES, MOST_BYTES, left)),
        ]
        # Memory, its register and `o` go on together, at first to fill both.
        started = Signal()  # the clock after
        place = Signal(bits)
        filling = Signal(2)
        m.d.sync += [started.eq(self.start), filling.eq(Cat(started, filling))]
        m.d.comb += [memory.address.eq(place), memory.enable.eq(self.take | filling.any())]
        with m.If(memory.enable):
            m.d.sync += [place.eq(place + 1), self.o.eq(memory.word)]
        with m.If(started):
            m.d.sync += place.eq(self.position[:bits])

        with m.If(settling != 0):
            m.d.sync += settling.eq(settling - 1)
        with m.If(started):
            m.d.sync += [
                self.position.eq(self.position + self.count),
                settling.eq(SETTLING_CLOCKS),
            ]
        ahead = Signal(POSITION_BITS, reset_less=True)
        there, gone = Signal(bits + 1), Signal(bits + 1)  # behind `kept`
        may_be, is_beyond, again = Signal(), Signal(), Signal()
        idle, quiet = Signal(), Signal()  # the latter a clock ago, when nothing was ordered
        ordered = self.acknowledge | self.clear
        m.d.comb += self.settled.eq(quiet & ~ordered)
        m.d.sync += quiet.eq(idle & (settling == 0) & ~self.start & ~started & ~ordered)
        with m.FSM():
            with m.State("idle"):
                m.d.comb += idle.eq(1)
                m.d.sync += [
                    ahead.eq(self.received - kept),
                    there.eq(whole - kept),
                    gone.eq(self.position - kept),
                    again.eq(self.again),
                ]
                with m.If(self.acknowledge):
                    m.next = "compare"
            with m.State("compare"):
                m.d.sync += [may_be.eq(ahead <= there), is_beyond.eq(ahead > gone)]
                m.next = "apply"
            with m.State("apply"):
                with m.If(may_be):
                    m.d.sync += [kept.eq(self.received), settling.eq(SETTLING_CLOCKS)]
                    with m.If(again | is_beyond):
                        m.d.sync += self.position.eq(self.received)
                m.next = "idle"
        with m.If(self.clear):
            m.d.sync += [
                *(number.eq(0) for number in (written, whole, kept, self.position)),
                settling.eq(SETTLING_CLOCKS),
            ]
        return m
