"""AXI4-Lite: the five channels of a subordinate as single accesses to registers."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.axi.shape import WORD_BITS

__all__ = ["READ_DATA", "WRITE_DATA", "AxiLite", "Response", "lite_signature"]

STROBES = WORD_BITS // 8


class Response(enum.Enum, shape=2):
    """What became of an access.

    Members
    -------
    OKAY
        It is done.
    SLVERR
        There is no such register, or it is not for reading, for writing, for a part of a word, or
        for a value so large.
    """

    OKAY = 0
    SLVERR = 2


WRITE_DATA = data.StructLayout({"data": WORD_BITS, "strb": STROBES})
"""Payload of the channel W."""

READ_DATA = data.StructLayout({"data": WORD_BITS, "resp": Response})
"""Payload of the channel R."""


def lite_signature(address_bits: int) -> wiring.Signature:
    """AXI4-Lite as a manager has it, each channel a stream; ``prot`` means nothing here.

    Members
    -------
    aw, ar : Out(stream)
        Addresses, in bytes.
    w : Out(stream)
        `WRITE_DATA`.
    b : In(stream)
        `Response`.
    r : In(stream)
        `READ_DATA`.
    """
    return wiring.Signature(
        {
            "aw": Out(stream.Signature(address_bits)),
            "w": Out(stream.Signature(WRITE_DATA)),
            "b": In(stream.Signature(Response)),
            "ar": Out(stream.Signature(address_bits)),
            "r": In(stream.Signature(READ_DATA)),
        }
    )


class AxiLite(wiring.Component):
    """Subordinate of AXI4-Lite: an access at a time, each of both kinds.

    All that it says comes out of registers. Addresses and data of a write come in any order.

    Parameters
    ----------
    address_bits : int
        Width of an address in bytes; its lowest two bits do not count.

    Members
    -------
    bus : In(lite_signature)
        The bus.
    read : Out(1)
        High for one clock for each read, in which data and whether it is known are taken.
    read_address, read_data, read_known : Out, In(WORD_BITS), In(1)
        Register that is read, counted in words; what it holds; whether it may be read.
    write : Out(stream)
        Data of a write; stays until it is taken.
    write_address, write_known : Out, In(1)
        Register that is written; whether it may be.
    """

    bus: Any
    read: Signal
    read_address: Signal
    read_data: Signal
    read_known: Signal
    write: stream.Interface
    write_address: Signal
    write_known: Signal

    def __init__(self, address_bits: int):
        word_bits = address_bits - 2
        super().__init__(
            {
                "bus": In(lite_signature(address_bits)),
                "read": Out(1),
                "read_address": Out(word_bits),
                "read_data": In(WORD_BITS),
                "read_known": In(1),
                "write": Out(stream.Signature(WORD_BITS)),
                "write_address": Out(word_bits),
                "write_known": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        self._read(m)
        self._write(m)
        return m

    def _read(self, m):
        ar, r = self.bus.ar, self.bus.r
        busy = Signal()
        m.d.comb += [ar.ready.eq(~busy), self.read.eq(busy & ~r.valid)]
        with m.If(ar.valid & ar.ready):
            m.d.sync += [busy.eq(1), self.read_address.eq(ar.p[2:])]
        with m.If(self.read):
            m.d.sync += [
                r.valid.eq(1),
                r.p.data.eq(self.read_data),
                r.p.resp.eq(Mux(self.read_known, Response.OKAY, Response.SLVERR)),
            ]
        with m.If(r.valid & r.ready):
            m.d.sync += [r.valid.eq(0), busy.eq(0)]

    def _write(self, m):
        aw, w, b = self.bus.aw, self.bus.w, self.bus.b
        addressed = Signal()
        filled = Signal()
        whole = Signal()
        allowed = Signal()
        done = Signal()
        m.d.comb += [
            aw.ready.eq(~addressed),
            w.ready.eq(~filled),
            allowed.eq(whole & self.write_known),
            self.write.valid.eq(addressed & filled & allowed & ~b.valid),
            done.eq(addressed & filled & ~b.valid & (self.write.ready | ~allowed)),
        ]
        with m.If(aw.valid & aw.ready):
            m.d.sync += [addressed.eq(1), self.write_address.eq(aw.p[2:])]
        with m.If(w.valid & w.ready):
            m.d.sync += [filled.eq(1), self.write.p.eq(w.p.data), whole.eq(w.p.strb.all())]
        with m.If(done):
            m.d.sync += [b.valid.eq(1), b.p.eq(Mux(allowed, Response.OKAY, Response.SLVERR))]
        with m.If(b.valid & b.ready):
            m.d.sync += [b.valid.eq(0), addressed.eq(0), filled.eq(0)]
