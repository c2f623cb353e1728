"""Loader: from chunks to words of a core's memories."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.core.memory_map import ADDRESS_BITS, CHUNK_BITS, MemoryMap, write_layout
from tickless.hw.core.shape import CoreShape

__all__ = ["CHUNK_LAYOUT", "Loader", "add_loader", "load_members"]

CHUNK_LAYOUT = data.StructLayout({"data": CHUNK_BITS, "address": ADDRESS_BITS})
"""Layout of a chunk to be written, ``data``, and its address as of `MemoryMap`."""


class Loader(wiring.Component):
    """Loader of a core.

    Takes a chunk a clock. The chunks of a word come in ascending order; the last one writes the
    word. A chunk for an address that does not exist changes nothing.

    Parameters
    ----------
    memory_map : MemoryMap
        Memory map of the core.

    Members
    -------
    i : In(CHUNK_LAYOUT)
        The chunk.
    i_valid : In(1)
        Whether there is one.
    unknown : Out(1)
        Whether there is one, but no memory at its address.
    o : Out(write_layout)
        The write, a clock after the last chunk of a word.
    """

    i: Any
    i_valid: Signal
    unknown: Signal
    o: Any

    def __init__(self, memory_map: MemoryMap):
        self.memory_map = memory_map
        super().__init__(
            {
                "i": In(CHUNK_LAYOUT),
                "i_valid": In(1),
                "unknown": Out(1),
                "o": Out(write_layout(memory_map)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        regions, words = self.memory_map.regions, self.memory_map.word_address_bits
        address, skip = self.i.address, self.memory_map.chunk_index_bits
        chunk, word, number = address[:skip], address[skip : skip + words], address[skip + words :]
        m.d.comb += self.unknown.eq(self.i_valid)
        m.d.sync += self.o.enable.eq(0)
        for index, region in enumerate(regions):
            exists = (number == index) & (word < region.depth) & (chunk < region.chunks)
            with m.If(self.i_valid & exists):
                m.d.comb += self.unknown.eq(0)
                m.d.sync += self.o.enable[index].eq(chunk == region.chunks - 1)
        with m.If(self.i_valid):
            m.d.sync += [
                self.o.word.eq(word),
                self.o.data.word_select(chunk, CHUNK_BITS).eq(self.i.data),
            ]
        return m


def load_members(shape: CoreShape) -> dict[str, Any]:
    """Members by which a core is loaded: none unless it is loadable."""
    if not shape.loadable:
        return {}
    return {"load": In(CHUNK_LAYOUT), "load_valid": In(1), "load_unknown": Out(1)}


def add_loader(m: Module, core: Any, memory_map: MemoryMap) -> Any:
    """Add the loader of a core with `load_members`; returns its writes."""
    m.submodules.loader = loader = Loader(memory_map)
    m.d.comb += [
        loader.i.eq(core.load),
        loader.i_valid.eq(core.load_valid),
        core.load_unknown.eq(loader.unknown),
    ]
    return loader.o
