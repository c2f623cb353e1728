"""Writer of words to the SDRAM."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.passes.traffic import port_signature
from tickless.hw.sdram.timing import ADDRESS_BITS, DATA_BITS

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
        Whether there are words for which there is no room.
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
        connect(m, flipped(self.i), queue.w_stream)
        request = self.port.request
        left = Signal(range(BURST + 1))  # words of the burst still to be written
        ready = (queue.level >= BURST) | (self.flush & (queue.level != 0))
        count = Mux(queue.level >= BURST, BURST, queue.level)
        m.d.comb += [
            request.p.write.eq(1),
            self.port.w.payload.eq(queue.r_data),
            self.port.w.valid.eq(queue.r_rdy & (left != 0)),
            queue.r_en.eq(self.port.w.ready & (left != 0)),
            self.idle.eq((queue.level == 0) & (left == 0) & ~request.valid),
            self.next.eq(request.p.address),
            self.overflow.eq(
                ready & (left == 0) & ~request.valid & (request.p.address + count > self.limit)
            ),
        ]
        with m.If(self.port.w.valid & self.port.w.ready):
            m.d.sync += left.eq(left - 1)
        with m.If(request.valid & request.ready):
            m.d.sync += [
                request.valid.eq(0),
                left.eq(request.p.count),
                request.p.address.eq(request.p.address + request.p.count),
            ]
        with m.Elif(ready & (left == 0) & ~request.valid & ~self.overflow):
            m.d.sync += [request.valid.eq(1), request.p.count.eq(count)]
        with m.If(self.start):
            m.d.sync += request.p.address.eq(self.address)
        return m
