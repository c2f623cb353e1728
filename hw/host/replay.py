"""Replay: the stored sample, played as fast as the network takes it."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.ram import Ram
from tickless.hw.streams import Buffer

__all__ = ["REPEATS_BITS", "Replay"]

REPEATS_BITS = 16
"""Width of the number of repeats."""


class Replay(wiring.Component):
    """Stored sample.

    Its memory is never written and read in the same clock. A replay sends an event a clock, and no
    gap comes with END.

    Parameters
    ----------
    event : ShapeLike
        Events.
    stored_events : int
        Room, at least 1.

    Members
    -------
    i : In(event)
        Event to be stored.
    write : In(1)
        Whether to store it, behind those that are there.
    overflow : Out(1)
        Whether an event found no room; until ``undo``.
    keep, undo, clear : In(1)
        Make what was written since the last of these a part of the sample; forget it; forget
        everything.
    start : In(1)
        Whether to start a replay, in the next clock.
    repeats : In(REPEATS_BITS)
        How often to play the sample, at least once; stays for the clock behind ``start``.
    o : Out(stream)
        ``event``, or, where ``end`` is set, END behind the last one.
    answered : In(1)
        High for one clock for each sample answered.
    last : Out(1)
        Whether the next answer is that to the last sample.
    """

    i: Signal
    write: Signal
    overflow: Signal
    keep: Signal
    undo: Signal
    clear: Signal
    start: Signal
    repeats: Signal
    o: stream.Interface
    answered: Signal
    last: Signal

    def __init__(self, event: ShapeLike, stored_events: int):
        self.event, self.stored_events = event, stored_events
        flags = ("write", "keep", "undo", "clear", "start", "answered")
        super().__init__(
            {
                **dict.fromkeys(flags, In(1)),
                "i": In(event),
                "overflow": Out(1),
                "repeats": In(REPEATS_BITS),
                "o": Out(stream.Signature(data.StructLayout({"event": event, "end": 1}))),
                "last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = Buffer(self.o.payload.shape())
        m.submodules.memory = memory = Ram(self.event, self.stored_events, single_port=True)
        o, write = buffer.i, memory.write
        connect(m, buffer.o, flipped(self.o))
        count = Signal(range(self.stored_events + 1))
        place = Signal.like(count)  # of the next event; `count` but while a command is carried out
        playing = Signal()
        to_send = Signal(REPEATS_BITS)
        to_answer = Signal(REPEATS_BITS)
        stored = Signal()
        starting = Signal()
        read, is_end = Signal(), Signal()  # whether there is a word, and whether it stands for END
        moves = Signal()
        # All a clock later, for a fast clock: the memories are many, and far from each other.
        m.d.sync += [
            write.addr.eq(place),
            write.data.eq(self.i),
            write.en.eq(stored),
            starting.eq(self.start),
        ]
        m.d.comb += [
            stored.eq(self.write & (place != self.stored_events)),
            moves.eq(~o.valid | o.ready),
            memory.address.eq(place),
            memory.enable.eq(playing & (~read | moves)),
            self.last.eq(to_answer == 1),
        ]
        with m.If(self.answered):
            m.d.sync += to_answer.eq(to_answer - 1)
        with m.If(moves):
            m.d.sync += [o.valid.eq(read), o.p.event.eq(memory.word), o.p.end.eq(is_end)]
            m.d.sync += read.eq(0)
        with m.If(memory.enable):
            m.d.sync += [read.eq(1), is_end.eq(0), place.eq(place + 1)]
            with m.If(place == count):
                m.d.sync += [is_end.eq(1), place.eq(0), to_send.eq(to_send - 1)]
                with m.If(to_send == 1):
                    m.d.sync += [playing.eq(0), place.eq(count)]
        with m.If(stored):
            m.d.sync += place.eq(place + 1)
        with m.Elif(self.write):
            m.d.sync += self.overflow.eq(1)
        with m.If(self.keep):
            m.d.sync += count.eq(place)
        with m.If(self.undo):
            m.d.sync += [place.eq(count), self.overflow.eq(0)]
        with m.If(self.clear):
            m.d.sync += [place.eq(0), count.eq(0)]
        with m.If(starting):
            m.d.sync += [
                playing.eq(1),
                place.eq(0),
                to_send.eq(self.repeats),
                to_answer.eq(self.repeats),
            ]
        return m
