"""Media access: Ethernet frames on GMII, their preamble and their check."""

from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ETHERNET
from amaranth.lib.wiring import In, Out

from tickless.hw.host.cobs import FRAME_BYTE

__all__ = ["LEAST_BYTES", "MacReceiver", "MacTransmitter"]

PREAMBLE, DELIMITER = 0x55, 0xD5

PREAMBLE_BYTES = 7

LEAST_BYTES = 60
"""Bytes of the shortest frame, its check not counted."""

CHECK_BYTES = 4

GAP_BYTES = 12
"""Bytes of silence behind a frame."""


class MacReceiver(wiring.Component):
    """Receiver of frames.

    Members
    -------
    data, valid, error : In(8), In(1), In(1)
        GMII: a byte a clock.
    o : Out(8)
        Byte of a frame behind its preamble, the check's among them.
    o_valid : Out(1)
        Whether there is one.
    end : Out(1)
        High for one clock behind each frame.
    good : Out(1)
        Whether the frame that it ends is long enough and its check holds.
    """

    data: Signal
    valid: Signal
    error: Signal
    o: Signal
    o_valid: Signal
    end: Signal
    good: Signal

    def __init__(self):
        super().__init__(
            {
                "data": In(8),
                "valid": In(1),
                "error": In(1),
                "o": Out(8),
                "o_valid": Out(1),
                "end": Out(1),
                "good": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        crc: Any = CRC32_ETHERNET().create()
        crc_reset = Signal()  # its own `start` would cost logic
        m.submodules.crc = ResetInserter(crc_reset)(crc)
        in_frame, skipping, broken = Signal(), Signal(), Signal()
        count = Signal(range(LEAST_BYTES + CHECK_BYTES + 1))
        is_long = count == LEAST_BYTES + CHECK_BYTES
        m.d.comb += [
            crc.data.eq(self.data),
            crc.valid.eq(in_frame & self.valid),
            crc_reset.eq(~in_frame),
        ]
        m.d.sync += [
            self.o.eq(self.data),
            self.o_valid.eq(in_frame & self.valid),
            self.end.eq(in_frame & ~self.valid),
            self.good.eq(~broken & is_long & crc.match_detected),
        ]
        with m.If(~self.valid):
            m.d.sync += [in_frame.eq(0), skipping.eq(0), broken.eq(0), count.eq(0)]
        with m.Elif(in_frame):
            with m.If(~is_long):
                m.d.sync += count.eq(count + 1)
            with m.If(self.error):
                m.d.sync += broken.eq(1)
        with m.Elif(~skipping):
            m.d.sync += in_frame.eq(self.data == DELIMITER)
            with m.If(self.error | ((self.data != PREAMBLE) & (self.data != DELIMITER))):
                m.d.sync += [skipping.eq(1), in_frame.eq(0)]
        return m


class MacTransmitter(wiring.Component):
    """Transmitter of frames: puts preamble, filling, check and gap around them.

    Members
    -------
    i : In(stream)
        Bytes of frames: `hw.host.cobs.FRAME_BYTE`. Once a frame has begun, each next byte is there
        when it is taken.
    data, valid : Out(8), Out(1)
        GMII: a byte a clock.
    """

    i: stream.Interface
    data: Signal
    valid: Signal

    def __init__(self):
        super().__init__({"i": In(stream.Signature(FRAME_BYTE)), "data": Out(8), "valid": Out(1)})

    def elaborate(self, platform):
        m = Module()
        crc: Any = CRC32_ETHERNET().create()
        crc_reset = Signal()
        m.submodules.crc = ResetInserter(crc_reset)(crc)
        count = Signal(range(LEAST_BYTES))  # bytes of what is being sent, up to the least
        m.d.sync += self.valid.eq(1)
        m.d.sync += count.eq(count + 1)
        with m.FSM():
            with m.State("idle"):
                m.d.comb += crc_reset.eq(1)
                m.d.sync += [self.valid.eq(0), count.eq(0)]
                with m.If(self.i.valid):
                    m.next = "preamble"
            with m.State("preamble"):
                m.d.sync += self.data.eq(PREAMBLE)
                with m.If(count == PREAMBLE_BYTES):
                    m.d.sync += [self.data.eq(DELIMITER), count.eq(0)]
                    m.next = "data"
            with m.State("data"):
                m.d.comb += [self.i.ready.eq(1), crc.data.eq(self.i.p.byte), crc.valid.eq(1)]
                m.d.sync += self.data.eq(self.i.p.byte)
                with m.If(count == LEAST_BYTES - 1):
                    m.d.sync += count.eq(count)
                with m.If(self.i.p.last):
                    m.next = "fill"
                    with m.If(count == LEAST_BYTES - 1):
                        m.d.sync += count.eq(0)
                        m.next = "check"
            with m.State("fill"):
                m.d.comb += crc.valid.eq(1)
                m.d.sync += self.data.eq(0)
                with m.If(count == LEAST_BYTES - 1):
                    m.d.sync += count.eq(0)
                    m.next = "check"
            with m.State("check"):
                m.d.sync += self.data.eq(crc.crc.word_select(count[:2], 8))
                with m.If(count == CHECK_BYTES - 1):
                    m.d.sync += count.eq(0)
                    m.next = "gap"
            with m.State("gap"):
                m.d.sync += self.valid.eq(0)
                with m.If(count == GAP_BYTES - 1):
                    m.next = "idle"
        return m
