"""Loading of an engine's network: from the chunks of an image to SDRAM and registers."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from tickless.hw.core.memory_map import CHUNK_BITS
from tickless.hw.fabric.loading import LOAD_COUNTERS, load_layout
from tickless.hw.passes.config import REGISTERS
from tickless.hw.passes.traffic import port_signature
from tickless.hw.sdram.timing import DATA_BITS

__all__ = ["SdramLoader"]

CHUNK_WORDS = CHUNK_BITS // DATA_BITS


class SdramLoader(wiring.Component):
    """Loader of an engine's network.

    Members
    -------
    i : In(stream)
        Chunks: `hw.fabric.loading.load_layout`. At addresses from `hw.passes.config.REGISTERS` on
        are registers, below the SDRAM.
    counters : Out(LOAD_COUNTERS)
        What became of them.
    write : Out(1)
        High for one clock for each register written.
    place, data : Out
        Which one it is, and its value.
    port : Out(port_signature)
        To the SDRAM.
    """

    i: stream.Interface
    counters: Any
    write: Signal
    place: Signal
    data: Signal
    port: Any

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(load_layout(1))),
                "counters": Out(LOAD_COUNTERS),
                "write": Out(1),
                "place": Out(exact_log2(REGISTERS)),
                "data": Out(CHUNK_BITS),
                "port": Out(port_signature()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        chunk, request, w = self.i.p.chunk, self.port.request, self.port.w
        place = exact_log2(REGISTERS)
        word = Signal(range(CHUNK_WORDS))
        done = Signal()
        m.d.comb += [
            self.place.eq(chunk.address[:place]),
            self.data.eq(chunk.data),
            request.p.write.eq(1),
            request.p.count.eq(CHUNK_WORDS),
            request.p.address.eq(chunk.address[:place] * CHUNK_WORDS),
            w.payload.eq(chunk.data.word_select(word, DATA_BITS)),
            self.i.ready.eq(done),
        ]
        with m.If(done):
            m.d.sync += self.counters.written.eq(self.counters.written + 1)
        with m.FSM():
            with m.State("idle"), m.If(self.i.valid):
                with m.If(self.i.p.core != 0):
                    m.d.comb += self.i.ready.eq(1)
                    m.d.sync += self.counters.unknown.eq(self.counters.unknown + 1)
                with m.Elif(chunk.address[place]):
                    m.d.comb += [self.write.eq(1), done.eq(1)]
                with m.Else():
                    m.next = "ask"
            with m.State("ask"):
                m.d.comb += request.valid.eq(1)
                with m.If(request.ready):
                    m.next = "write"
            with m.State("write"):
                m.d.comb += w.valid.eq(1)
                with m.If(w.ready):
                    m.d.sync += word.eq(word + 1)
                    with m.If(word == CHUNK_WORDS - 1):
                        m.d.comb += done.eq(1)
                        m.next = "idle"
        return m
