"""Reader of words from the SDRAM."""

from typing import Any

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.passes.traffic import port_signature
from tickless.hw.ram import Ram
from tickless.hw.sdram.timing import ADDRESS_BITS, DATA_BITS
from tickless.hw.streams import Buffer

__all__ = ["WordReader"]

FIRST_BURST = 16
"""Words of the first burst; each one behind it is twice as long, up to the longest: what is short
is not waited for behind words that nobody wants."""


class WordReader(wiring.Component):
    """Reader of consecutive words, ahead of who takes them.

    Parameters
    ----------
    burst : int
        Words of its longest burst, a power of two of at least `FIRST_BURST`; it holds four times as
        many.

    Members
    -------
    start : In(1)
        Begin to read at ``address``; only while ``idle``.
    address : In
        First word.
    stop : In(1)
        Read no more, and forget what was read.
    idle : Out(1)
        Whether nothing is read or under way.
    o : Out(stream)
        Words.
    port : Out(port_signature)
        To the SDRAM.
    """

    start: Signal
    address: Signal
    stop: Signal
    idle: Signal
    o: stream.Interface
    port: Any

    def __init__(self, burst: int):
        self.burst, self.depth = burst, 4 * burst
        super().__init__(
            {
                "start": In(1),
                "address": In(ADDRESS_BITS),
                "stop": In(1),
                "idle": Out(1),
                "o": Out(stream.Signature(DATA_BITS)),
                "port": Out(port_signature()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        running = Signal()
        due = Signal(range(self.depth + 1))  # words asked for that did not come yet
        taken_up = Signal(range(self.depth + 1))  # those, and words that came and did not leave
        count = Signal(range(self.burst + 1))
        # Where the next word comes, and from where it leaves; `fetched`, whether the block RAM
        # gives a word.
        behind, ahead = Signal(range(self.depth)), Signal(range(self.depth))
        fetched, fetch = Signal(), Signal()
        m.submodules.queue = queue = Ram(DATA_BITS, self.depth, False)
        # Block RAM gives its word late in a clock: what is done with it is done in the next one.
        read: Any = Buffer(DATA_BITS)
        m.submodules.read = ResetInserter(~running)(read)
        request = self.port.request
        asked = request.valid & request.ready
        given = Signal()  # whether a burst was asked for in the clock before
        asked_for = Mux(given, count, 0)
        m.d.comb += [
            self.idle.eq(~running & (due == 0) & ~request.valid & ~given),
            queue.write.en.eq(self.port.r_valid),
            queue.write.addr.eq(behind),
            queue.write.data.eq(self.port.r),
            fetch.eq((ahead != behind) & (~fetched | read.i.ready)),
            queue.enable.eq(fetch),
            queue.address.eq(ahead),
            read.i.payload.eq(queue.word),
            read.i.valid.eq(fetched),
            self.o.payload.eq(read.o.payload),
            self.o.valid.eq(read.o.valid & running),
            read.o.ready.eq(self.o.ready & running),
            request.p.count.eq(count),
        ]
        m.d.sync += [
            given.eq(asked),
            due.eq(due + asked_for - self.port.r_valid),
            taken_up.eq(taken_up + asked_for - fetch),
            behind.eq(behind + self.port.r_valid),
            ahead.eq(ahead + fetch),
            fetched.eq(fetch | (fetched & ~read.i.ready)),
        ]
        with m.If(given):
            m.d.sync += [
                request.p.address.eq(request.p.address + count),
                count.eq(Mux(count == self.burst, count, count << 1)),
            ]
        with m.If(asked):
            m.d.sync += request.valid.eq(0)
        # Never as many as there is room for: a full queue would look like an empty one.
        with m.Elif(running & ~given & ~self.stop & (taken_up < self.depth - self.burst)):
            m.d.sync += request.valid.eq(1)
        with m.If(~running):
            m.d.sync += [behind.eq(0), ahead.eq(0), fetched.eq(0), taken_up.eq(0)]
        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                request.p.address.eq(self.address),
                count.eq(FIRST_BURST),
            ]
        with m.If(self.stop):
            m.d.sync += running.eq(0)
        return m
