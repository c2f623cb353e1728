"""Memory with a port to read and one to write, or one port for both."""

from typing import Any

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.errors import InputError

__all__ = ["SPRAM_BITS", "SPRAM_DEPTH", "Ram"]

SPRAM_BITS, SPRAM_DEPTH = 16, 16384
"""Size of an SB_SPRAM256KA of the iCE40 UltraPlus (Lattice FPGA-TN-02022)."""


class Ram(wiring.Component):
    """Memory of block RAM: made of logic cells, its address would have to reach very many.

    A read of the word that is written in the same clock may give any value, as block RAM does. On
    an iCE40 UltraPlus a single-port memory is SPRAM, as many side by side as the word is wide; its
    contents after power-up are undefined.

    Parameters
    ----------
    shape : ShapeLike
        A word.
    depth : int
        Words.
    single_port : bool
        Whether there is never a read in the clock of a write.

    Members
    -------
    enable : In(1)
        Whether to read in this clock; 1 unless driven.
    address : In
        Word to read.
    word : Out(shape)
        The word read last, from the next clock on; after a write of a single-port memory any value
        until the next read.
    write : In(memory.WritePort.Signature)
        Port through which every change goes.

    Attributes
    ----------
    memory : memory.Memory
        The words, where they are not SPRAM; made when the component is elaborated.
    """

    enable: Signal
    address: Signal
    word: Any
    write: Any

    def __init__(self, shape: ShapeLike, depth: int, single_port: bool):
        if single_port and depth > SPRAM_DEPTH:
            raise InputError(
                f"depth = {depth}: expected at most {SPRAM_DEPTH} words of a single-port memory"
            )
        self.shape, self.depth, self.single_port = shape, depth, single_port
        write = memory.WritePort.Signature(addr_width=ceil_log2(depth), shape=shape)  # pyright: ignore[reportArgumentType]
        super().__init__(
            {
                "enable": In(1, init=1),  # pyright: ignore[reportCallIssue]
                "address": In(range(depth)),
                "word": Out(shape),
                "write": In(write),
            }
        )

    def elaborate(self, platform):
        m = Module()
        if self.single_port and getattr(platform, "device", None) == "iCE40UP5K":
            return self._spram(m)
        m.submodules.block_ram = self.memory = memory.Memory(
            shape=self.shape, depth=self.depth, init=[], attrs={"ram_style": "block"}
        )
        read, write = self.memory.read_port(), self.memory.write_port()
        m.d.comb += [
            read.en.eq(self.enable),
            read.addr.eq(self.address),
            self.word.eq(read.data),
            write.en.eq(self.write.en),
            write.addr.eq(self.write.addr),
            write.data.eq(self.write.data),
        ]
        return m

    def _spram(self, m):
        written, word = Value.cast(self.write.data), Value.cast(self.word)
        address = Signal(range(SPRAM_DEPTH))
        m.d.comb += address.eq(Mux(self.write.en, self.write.addr, self.address))
        for index, start in enumerate(range(0, len(written), SPRAM_BITS)):
            stored, read = Signal(SPRAM_BITS), Signal(SPRAM_BITS)
            part = slice(start, start + SPRAM_BITS)
            m.d.comb += [stored.eq(written[part]), word[part].eq(read)]
            m.submodules[f"spram_{index}"] = Instance(
                "SB_SPRAM256KA",
                i_CLOCK=ClockSignal(),
                i_ADDRESS=address,
                i_DATAIN=stored,
                i_MASKWREN=Const(0b1111, 4),
                i_WREN=self.write.en,
                i_CHIPSELECT=self.enable | self.write.en,
                i_STANDBY=Const(0),
                i_SLEEP=Const(0),
                i_POWEROFF=Const(1),  # active low
                o_DATAOUT=read,
            )
        return m
