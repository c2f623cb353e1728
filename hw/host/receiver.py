"""Receiver: from the line's bytes to whole commands, each checked before any of it is used."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.byte_ring import ByteRing
from tickless.hw.host.cobs import CobsDecoder
from tickless.hw.host.messages import CRC, DATA_BYTES, Command, Error

__all__ = ["ERROR_BITS", "FRAME_BYTES", "REFUSED_LAYOUT", "FrameReceiver"]

ERROR_BITS = 5
"""Width that every `Error` fits in."""

REFUSED_LAYOUT = data.StructLayout({"error": ERROR_BITS, "sequence": 8})
"""Layout of an `Error` and the sequence number of the refused frame.

In a frame without a sequence number it is that of the frame before.
"""

FRAME_BYTES = 4
"""Bytes of a frame without data: sequence number, type and check."""


class FrameReceiver(wiring.Component):
    """Receiver of commands.

    Writes the bytes of a frame behind the commands that wait, before it is known whether it is
    good; a bad one is overwritten by the next. A frame that went wrong before its end is reported
    at once, and passed over to its end.

    Parameters
    ----------
    buffer_bytes : int
        Memory for commands that wait, a power of two. A command takes its data and three bytes;
        two bytes stay free.

    Members
    -------
    i : In(8)
        Byte of the line.
    i_valid : In(1)
        Whether there is one.
    i_error : In(1)
        Whether one was lost.
    o : Out(stream)
        Bytes of commands: number of data bytes, sequence number, type, data.
    expected : Out(8)
        Sequence number of the next command to be taken.
    taken : Out(1)
        High for one clock for each command taken.
    refused : Out(1)
        High for one clock for each frame refused.
    error : Out(stream)
        What was refused: `REFUSED_LAYOUT`. While one waits the next ones are not reported.
    """

    i: Signal
    i_valid: Signal
    i_error: Signal
    o: stream.Interface
    expected: Signal
    taken: Signal
    refused: Signal
    error: stream.Interface

    def __init__(self, buffer_bytes: int):
        self.buffer_bytes = buffer_bytes
        self.ring = ByteRing(buffer_bytes)
        super().__init__(
            {
                "i": In(8),
                "i_valid": In(1),
                "i_error": In(1),
                "o": Out(stream.Signature(8)),
                "expected": Out(8),
                "taken": Out(1),
                "refused": Out(1),
                "error": Out(stream.Signature(REFUSED_LAYOUT)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = CobsDecoder()
        crc: Any = CRC().create()
        crc_reset = Signal()  # its own `start` would cost logic
        m.submodules.crc = ResetInserter(crc_reset)(crc)
        m.submodules.ring = ring = self.ring
        connect(m, ring.o, flipped(self.o))
        # `ring.base` is a command's first place, for its length.
        place = Signal.like(ring.address)  # the last one written
        # Data bytes, the check's not counted: below 0 in a frame that is too short.
        length = Signal(8, init=-FRAME_BYTES % 256)
        sequence = Signal(8)
        is_sync = Signal()
        overflow = Signal()
        skipping = Signal()  # to the end of a frame that is refused already

        lost = Signal()  # beside the decoder
        m.d.sync += lost.eq(self.i_error)
        store = Signal()
        finish = Signal()
        fault = Signal(ERROR_BITS)
        next_place = Signal.like(place)
        too_long = Signal()
        m.d.comb += [
            decoder.i.eq(self.i),
            decoder.i_valid.eq(self.i_valid),
            too_long.eq(decoder.o_valid & (length == DATA_BYTES)),
            store.eq(decoder.o_valid & ~skipping & ~too_long),
            finish.eq(decoder.end & ~decoder.empty & ~skipping),
            crc.data.eq(decoder.o),
            crc.valid.eq(store),
            # The check's two bytes, the last ones written, are given up.
            next_place.eq(place + Cat(1, finish.replicate(len(place) - 1))),
        ]
        with m.If(lost):
            m.d.comb += [fault.eq(Error.LINE), self.refused.eq(~skipping)]
        with m.Elif(too_long):
            m.d.comb += [fault.eq(Error.LENGTH), self.refused.eq(~skipping)]
        with m.Elif(finish):
            m.d.comb += self.refused.eq(1)
            with m.If(decoder.broken):
                m.d.comb += fault.eq(Error.FRAMING)
            with m.Elif(length >= -FRAME_BYTES % 256):
                m.d.comb += fault.eq(Error.LENGTH)
            with m.Elif(~crc.match_detected):
                m.d.comb += fault.eq(Error.CRC)
            with m.Elif(~is_sync & (sequence != self.expected)):
                m.d.comb += fault.eq(Error.SEQUENCE)
            with m.Elif(overflow):
                m.d.comb += fault.eq(Error.ROOM)
            with m.Else():
                m.d.comb += [self.refused.eq(0), self.taken.eq(1)]
        m.d.comb += [
            ring.address.eq(Mux(finish, ring.base, next_place)),
            ring.i.eq(Mux(finish, length, decoder.o)),
            ring.write.eq(self.taken | (store & ~overflow & (next_place != ring.reading))),
            ring.keep.eq(self.taken),
            ring.end.eq(next_place),
        ]
        with m.If(store):
            m.d.sync += [place.eq(next_place), length.eq(length + 1)]
            with m.If(next_place == ring.reading):
                m.d.sync += overflow.eq(1)
            with m.If(length == -FRAME_BYTES % 256):
                m.d.sync += sequence.eq(decoder.o)
            with m.If(length == -FRAME_BYTES % 256 + 1):
                m.d.sync += is_sync.eq(decoder.o == Command.SYNC)
        with m.If(self.refused):
            m.d.sync += skipping.eq(1)
        with m.If(decoder.end):
            m.d.comb += crc_reset.eq(1)
            m.d.sync += [
                skipping.eq(0),
                overflow.eq(0),
                length.eq(length.init),
                place.eq(ring.base),
            ]
        with m.If(self.taken):
            m.d.sync += [
                place.eq(next_place),
                self.expected.eq(sequence + 1),
            ]

        with m.If(~self.error.valid | self.error.ready):
            m.d.sync += [
                self.error.valid.eq(self.refused),
                self.error.p.error.eq(fault),
                self.error.p.sequence.eq(sequence),
            ]
        return m
