"""Writer of words to the SDRAM."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.traffic import port_signature
from tickless.hw.sdram.timing import ADDRESS_BITS, DATA_BITS
from tickless.hw.streams import Buffer

__all__ = ["WordWriter"]

BURST = 128
"""Words of a burst, at most."""

DEPTH = 4 * BURST
"""Words that the writer holds."""


class WordWriter(wiring.Component):
    """Writer of consecutive words.

    Members
    -------
    start : In(1)
        Write from ``address`` on; without it the writer goes on where it is. Only while ``idle``.
    address, limit : In
        First word, and the one behind the last that may be written.
    flush : In(1)
        Write what is there, however few words.
    idle : Out(1)
        Whether all words are written.
    next : Out
        Word to be written next, while ``idle``.
    overflow : Out(1)
        Whether there are words for which there is no room; nothing is written any more.
    i : In(stream)
        Words.
    port : Out(port_signature)
        To the SDRAM.
    """

    start: Signal
    address: Signal
    limit: Signal
    flush: Signal
    idle: Signal
    next: Signal
    overflow: Signal
    i: stream.Interface
    port: Any

    def __init__(self):
        super().__init__(
            {
                "start": In(1),
                "address": In(ADDRESS_BITS),
                "limit": In(ADDRESS_BITS + 1),
                "flush": In(1),
                "idle": Out(1),
                "next": Out(ADDRESS_BITS),
                "overflow": Out(1),
                "i": In(stream.Signature(DATA_BITS)),
                "port": Out(port_signature()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        queue: Any = SyncFIFOBuffered(width=DATA_BITS, depth=DEPTH)
        m.submodules.queue = queue
        m.submodules.coming = coming = Buffer(DATA_BITS)
        connect(m, flipped(self.i), coming.i)
        connect(m, coming.o, queue.w_stream)
        request = self.port.request
        # Words of bursts that are asked for; block RAM gives them late in a clock.
        m.submodules.words = words = Buffer(DATA_BITS)
        connect(m, words.o, flipped(self.port.w))
        left = Signal(range(BURST + 1))  # words of the burst that are still in the queue
        end = Signal(ADDRESS_BITS + 1)
        idle, writing = Signal(), Signal()
        full = queue.level >= BURST
        m.d.comb += [
            request.p.write.eq(1),
            words.i.payload.eq(queue.r_data),
            words.i.valid.eq(queue.r_rdy & writing),
            queue.r_en.eq(words.i.ready & writing),
            self.idle.eq(idle & (queue.level == 0) & ~coming.o.valid & ~words.o.valid),
            self.next.eq(request.p.address),
        ]
        with m.FSM():
            with m.State("WAIT"):
                m.d.comb += idle.eq(1)
                m.d.sync += request.p.count.eq(Mux(full, BURST, queue.level))
                with m.If(self.start):
                    m.d.sync += request.p.address.eq(self.address)
                with m.Elif(full | (self.flush & (queue.level != 0))):
                    m.next = "SUM"
            with m.State("SUM"):
                m.d.sync += end.eq(request.p.address + request.p.count)
                m.next = "CHECK"
            with m.State("CHECK"):
                m.next = "ASK"
                with m.If(end > self.limit):
                    m.d.sync += self.overflow.eq(1)
                    m.next = "FULL"
            with m.State("ASK"):
                m.d.comb += request.valid.eq(1)
                m.d.sync += left.eq(request.p.count)
                with m.If(request.ready):
                    m.d.sync += request.p.address.eq(end)
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += writing.eq(1)
                with m.If(words.i.valid & words.i.ready):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "WAIT"
            with m.State("FULL"):
                pass
        return m
