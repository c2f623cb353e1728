"""Consistent overhead byte stuffing (COBS): frames whose only zero is their end."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["FRAME_BYTE", "MEMORY_BYTES", "CobsDecoder", "CobsEncoder"]

FRAME_BYTE = data.StructLayout({"byte": 8, "last": 1})
"""Layout of a byte of a frame."""

MEMORY_BYTES = 256
"""Room for an encoded frame: one block of COBS."""


class CobsDecoder(wiring.Component):
    """Decoder of frames of one block: at most 253 bytes.

    What a byte brings comes out a clock later. Of a longer frame at least 254 bytes come out, not
    all of them right.

    Members
    -------
    i : In(8)
        Byte of the line.
    i_valid : In(1)
        Whether there is one.
    o : Out(8)
        Byte of the frame.
    o_valid : Out(1)
        Whether there is one.
    end : Out(1)
        High for one clock for each zero of the line.
    empty : Out(1)
        Whether nothing came before that zero.
    broken : Out(1)
        Whether the frame that it ends lacks bytes.
    """

    i: Signal
    i_valid: Signal
    o: Signal
    o_valid: Signal
    end: Signal
    empty: Signal
    broken: Signal

    def __init__(self):
        super().__init__(
            {
                "i": In(8),
                "i_valid": In(1),
                "o": Out(8),
                "o_valid": Out(1),
                "end": Out(1),
                "empty": Out(1),
                "broken": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        started = Signal()
        rest = Signal(8)  # of a block that ends in a zero, unless the frame ends
        is_zero = self.i == 0
        is_code = rest == 0
        m.d.sync += [
            self.o.eq(Mux(is_code, 0, self.i)),
            self.o_valid.eq(self.i_valid & ~is_zero & (started | ~is_code)),
            self.end.eq(self.i_valid & is_zero),
            self.empty.eq(~started),
            self.broken.eq(~is_code),
        ]
        with m.If(self.i_valid):
            m.d.sync += [
                started.eq(~is_zero),
                rest.eq(Mux(is_code, self.i, rest) - 1),
            ]
            with m.If(is_zero):
                m.d.sync += rest.eq(0)
        return m


class CobsEncoder(wiring.Component):
    """Encoder of frames of at most 253 bytes.

    A frame is taken whole, then sent with a zero behind it.

    Members
    -------
    i : In(stream)
        Bytes of frames: `FRAME_BYTE`.
    o : Out(stream)
        Bytes of the line.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self):
        super().__init__({"i": In(stream.Signature(FRAME_BYTE)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=8, depth=MEMORY_BYTES, init=[])
        write: Any = memory.write_port()
        read: Any = memory.read_port()
        place = Signal(range(MEMORY_BYTES), init=1)  # of the next byte
        code = Signal(range(MEMORY_BYTES))  # place of the open block's code; place of what is sent
        block_ends = Signal()
        ended = Signal()
        m.d.comb += [
            read.addr.eq(code),
            self.o.payload.eq(Mux(ended, 0, read.data)),
            write.addr.eq(Mux(block_ends, code, place)),
            write.data.eq(Mux(block_ends, place - code, self.i.p.byte)),
        ]
        with m.FSM():
            with m.State("take"):
                m.d.comb += [
                    self.i.ready.eq(1),
                    write.en.eq(self.i.valid),
                    block_ends.eq(self.i.p.byte == 0),
                ]
                with m.If(self.i.valid):
                    m.d.sync += place.eq(place + 1)
                    with m.If(block_ends):
                        m.d.sync += code.eq(place)
                    with m.If(self.i.p.last):
                        m.next = "close"
            with m.State("close"):
                m.d.comb += [write.en.eq(1), block_ends.eq(1)]
                m.d.sync += code.eq(0)
                m.next = "send"
            with m.State("send"):
                m.d.comb += read.en.eq(~self.o.valid | self.o.ready)
                with m.If(read.en):
                    m.d.sync += [self.o.valid.eq(1), code.eq(code + 1)]
                    with m.If(code == place):
                        m.d.sync += [ended.eq(1), code.eq(0), place.eq(1)]
                        m.next = "end"
            with m.State("end"), m.If(self.o.ready):
                m.d.sync += [self.o.valid.eq(0), ended.eq(0)]
                m.next = "take"
        return m
