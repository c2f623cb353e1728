"""Sender: frames with their check, from bytes to the line's bytes."""

from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.host.cobs import FRAME_BYTE, CobsEncoder
from tickless.hw.host.messages import CRC

__all__ = ["FrameSender"]


class FrameSender(wiring.Component):
    """Sender of frames.

    Members
    -------
    i : In(stream)
        Bytes of frames without their check: `hw.host.cobs.FRAME_BYTE`.
    o : Out(stream)
        Bytes of the line.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self):
        super().__init__({"i": In(stream.Signature(FRAME_BYTE)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        crc: Any = CRC().create()
        crc_reset = Signal()  # its own `start` would cost logic
        m.submodules.crc = ResetInserter(crc_reset)(crc)
        m.submodules.encoder = encoder = CobsEncoder()
        connect(m, encoder.o, flipped(self.o))
        m.d.comb += crc.data.eq(self.i.p.byte)
        with m.FSM():
            with m.State("data"):
                m.d.comb += [
                    encoder.i.p.byte.eq(self.i.p.byte),
                    encoder.i.valid.eq(self.i.valid),
                    self.i.ready.eq(encoder.i.ready),
                    crc.valid.eq(self.i.valid & encoder.i.ready),
                ]
                with m.If(crc.valid & self.i.p.last):
                    m.next = "low"
            with m.State("low"):
                m.d.comb += [encoder.i.p.byte.eq(crc.crc[:8]), encoder.i.valid.eq(1)]
                m.next = "high"
            with m.State("high"):
                m.d.comb += [
                    encoder.i.p.byte.eq(crc.crc[8:]),
                    encoder.i.p.last.eq(1),
                    encoder.i.valid.eq(1),
                    crc_reset.eq(1),
                ]
                m.next = "data"
        return m
