"""Media access: Ethernet frames on GMII, their preamble and their check."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
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
        Byte of a frame behind its preamble, but for the last ones, which are its check.
    o_valid : Out(1)
        Whether there is one.
    end : Out(1)
        High for one clock behind each frame, beside no byte.
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
        byte, valid, wrong = Signal(8, reset_less=True), Signal(), Signal()
        is_preamble, is_delimiter = Signal(), Signal()
        m.d.sync += [
            byte.eq(self.data),
            valid.eq(self.valid),
            wrong.eq(self.error),
            is_preamble.eq(self.data == PREAMBLE),
            is_delimiter.eq(self.data == DELIMITER),
        ]
        in_frame, skipping, broken = Signal(), Signal(), Signal()
        with m.If(~valid):
            m.d.sync += [in_frame.eq(0), skipping.eq(0), broken.eq(0)]
        with m.Elif(in_frame), m.If(wrong):
            m.d.sync += broken.eq(1)
        with m.Elif(~skipping):
            m.d.sync += in_frame.eq(is_delimiter & ~wrong)
            with m.If(wrong | ~(is_preamble | is_delimiter)):
                m.d.sync += skipping.eq(1)

        # A byte is passed on when it is known not to be of the check.
        held = Signal(8 * CHECK_BYTES, reset_less=True)
        bytes_held = Signal(CHECK_BYTES)  # a bit for each
        left = Signal(range(LEAST_BYTES + CHECK_BYTES), init=LEAST_BYTES + CHECK_BYTES - 1)
        is_long = Signal()
        m.d.sync += [
            held.eq(Cat(byte, held)),
            self.o.eq(held[-8:]),
            self.o_valid.eq(in_frame & valid & bytes_held[-1]),
        ]
        with m.If(~in_frame):
            m.d.sync += [bytes_held.eq(0), left.eq(left.init), is_long.eq(0)]
        with m.Elif(valid):
            m.d.sync += [bytes_held.eq(Cat(1, bytes_held)), left.eq(left - 1)]
            with m.If(left == 0):
                m.d.sync += is_long.eq(1)

        crc: Any = CRC32_ETHERNET().create()
        crc_reset = Signal()  # its own `start` would cost logic
        m.submodules.crc = ResetInserter(crc_reset)(crc)
        ended, is_whole, matches = Signal(), Signal(), Signal()
        m.d.comb += [crc.data.eq(byte), crc.valid.eq(in_frame & valid), crc_reset.eq(~in_frame)]
        m.d.sync += [
            ended.eq(in_frame & ~valid),
            is_whole.eq(is_long & ~broken),
            matches.eq(crc.match_detected),
            self.end.eq(ended),
            self.good.eq(is_whole & matches),
        ]
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
        # First, what is to be sent; its bytes, none of which is of the check yet; those of the
        # check, for which the bytes before them are in it; and all of them, together.
        left = Signal(range(LEAST_BYTES))  # further bytes of the same kind, at least
        is_last = Signal()
        byte, late, check = (
            Signal(8, name=name, reset_less=True) for name in ("byte", "late", "check")
        )
        is_sent, is_checked, is_check = Signal(), Signal(), Signal()
        place = Signal(range(CHECK_BYTES))
        late_sent, late_check = Signal(), Signal()
        m.d.comb += [crc.data.eq(byte), crc.valid.eq(is_checked)]
        m.d.sync += [
            *(flag.eq(0) for flag in (is_sent, is_checked, is_check)),
            byte.eq(0),
            place.eq(~left),
            late.eq(byte),
            late_sent.eq(is_sent),
            late_check.eq(is_check),
            check.eq(crc.crc.word_select(place, 8)),
            self.data.eq(Mux(late_check, check, late)),
            self.valid.eq(late_sent),
        ]

        def count_down(of: int) -> None:
            m.d.sync += [left.eq(of - 1), is_last.eq(of == 1)]

        m.d.sync += [left.eq(left - 1), is_last.eq(left == 1)]
        with m.FSM():
            with m.State("idle"):
                count_down(PREAMBLE_BYTES + 1)
                with m.If(self.i.valid):
                    m.next = "preamble"
            with m.State("preamble"):
                m.d.comb += crc_reset.eq(1)
                m.d.sync += [is_sent.eq(1), byte.eq(Mux(is_last, DELIMITER, PREAMBLE))]
                with m.If(is_last):
                    count_down(LEAST_BYTES)
                    m.next = "data"
            with m.State("data"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [is_sent.eq(1), is_checked.eq(1), byte.eq(self.i.p.byte)]
                with m.If(is_last):
                    m.d.sync += [left.eq(left), is_last.eq(1)]
                with m.If(self.i.p.last):
                    m.next = "fill"
                    with m.If(is_last):
                        count_down(CHECK_BYTES)
                        m.next = "check"
            with m.State("fill"):
                m.d.sync += [is_sent.eq(1), is_checked.eq(1)]
                with m.If(is_last):
                    count_down(CHECK_BYTES)
                    m.next = "check"
            with m.State("check"):
                m.d.sync += [is_sent.eq(1), is_check.eq(1)]
                with m.If(is_last):
                    count_down(GAP_BYTES)
                    m.next = "gap"
            with m.State("gap"), m.If(is_last):
                m.next = "idle"
        return m
