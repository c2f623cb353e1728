"""Traffic with the SDRAM: readers, the writer, and who of them is served."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.sdram.controller import COUNT_BITS, REQUEST_LAYOUT
from tickless.hw.sdram.timing import ADDRESS_BITS, DATA_BITS

__all__ = ["LONG_BURST", "Arbiter", "WordReader", "WordWriter", "port_signature"]

BURST = 32
"""Words of a burst of the writer, at most, and of a reader of one of many lists."""

LONG_BURST = 128
"""Words of a burst where all goes through one reader: less of the time goes into opening rows."""

DEPTH = 2 * BURST
"""Words that the writer holds."""


def port_signature() -> wiring.Signature:
    """Port of one who asks: a request stream, words to write, words read."""
    return wiring.Signature(
        {
            "request": Out(stream.Signature(REQUEST_LAYOUT)),
            "w": Out(stream.Signature(DATA_BITS)),
            "r": In(DATA_BITS),
            "r_valid": In(1),
        }
    )


class WordReader(wiring.Component):
    """Reader of consecutive words, ahead of who takes them.

    Parameters
    ----------
    burst : int
        Words of a burst; it holds twice as many.

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

    def __init__(self, burst: int = BURST):
        self.burst = burst
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
        flush = Signal()
        due = Signal(range(self.burst + 1))  # words asked for that did not come yet
        queue: Any = SyncFIFOBuffered(width=DATA_BITS, depth=2 * self.burst)
        m.submodules.queue = ResetInserter(flush)(queue)
        request = self.port.request
        m.d.comb += [
            self.idle.eq(~running & (due == 0) & ~request.valid),
            flush.eq(~running),
            queue.w_en.eq(self.port.r_valid & running),
            queue.w_data.eq(self.port.r),
            self.o.payload.eq(queue.r_data),
            self.o.valid.eq(queue.r_rdy & running),
            queue.r_en.eq(self.o.ready & running),
            request.p.count.eq(self.burst),
        ]
        with m.If(self.port.r_valid):
            m.d.sync += due.eq(due - 1)
        with m.If(request.valid & request.ready):
            m.d.sync += [
                request.valid.eq(0),
                due.eq(self.burst),
                request.p.address.eq(request.p.address + self.burst),
            ]
        with m.Elif(running & ~self.stop & (due == 0) & (queue.level <= self.burst)):
            m.d.sync += request.valid.eq(1)
        with m.If(self.start):
            m.d.sync += [running.eq(1), request.p.address.eq(self.address)]
        with m.If(self.stop):
            m.d.sync += running.eq(0)
        return m


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


class Arbiter(wiring.Component):
    """Arbiter of several ports to one SDRAM controller: a burst at a time, of the first that asks.

    Parameters
    ----------
    ports : int
        Ports.

    Members
    -------
    ports : In(port_signature).array(ports)
        Who asks.
    sdram : Out(port_signature)
        The controller.
    hold : In(1)
        Begin no other burst.
    idle : Out(1)
        Whether no burst is under way.
    """

    ports: Sequence[Any]
    sdram: Any
    hold: Signal
    idle: Signal

    def __init__(self, ports: int):
        super().__init__(
            {
                "ports": In(port_signature()).array(ports),
                "sdram": Out(port_signature()),
                "hold": In(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sdram = self.sdram
        owner = Signal(range(len(self.ports)))
        granted = Signal()
        left = Signal(COUNT_BITS)
        write = Signal()
        m.d.comb += self.idle.eq(~granted & (left == 0))
        with m.If(self.idle & ~self.hold):
            for number, port in reversed(list(enumerate(self.ports))):
                with m.If(port.request.valid):
                    m.d.sync += [owner.eq(number), granted.eq(1)]
        with m.If(sdram.request.valid & sdram.request.ready):
            m.d.sync += [
                left.eq(sdram.request.p.count),
                write.eq(sdram.request.p.write),
                granted.eq(0),
            ]
        with m.Switch(owner):
            for number, port in enumerate(self.ports):
                with m.Case(number):
                    m.d.comb += [
                        sdram.request.valid.eq(port.request.valid & granted),
                        sdram.request.payload.eq(port.request.payload),
                        port.request.ready.eq(sdram.request.ready & granted),
                        sdram.w.valid.eq(port.w.valid & write & (left != 0)),
                        sdram.w.payload.eq(port.w.payload),
                        port.w.ready.eq(sdram.w.ready & write & (left != 0)),
                        port.r_valid.eq(sdram.r_valid),
                    ]
        for port in self.ports:
            m.d.comb += port.r.eq(sdram.r)
        with m.If((sdram.w.valid & sdram.w.ready) | sdram.r_valid):
            m.d.sync += left.eq(left - 1)
        return m
