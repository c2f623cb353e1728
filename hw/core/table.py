"""Tables: constants in logic, or words of a core's memory map."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Signal, ValueLike
from amaranth.lib import memory

from tickless.hw.core.memory_map import MemoryMap

__all__ = ["lookup", "memory_of", "read_region"]


def lookup(m: Module, index: ValueLike, entries: Sequence[int], shape, name: str) -> Any:
    """Combinational table in logic: ``entries[index]``, 0 beyond their end."""
    out: Any = Signal(shape, name=name)
    with m.Switch(index):
        for position, entry in enumerate(entries):
            with m.Case(position):
                m.d.comb += out.eq(entry)
    return out


def memory_of(
    m: Module, memory_map: MemoryMap, name: str, words: Sequence[int], write: Any
) -> memory.Memory:
    """Memory of a region.

    Parameters
    ----------
    words : sequence of int
        What it holds at first.
    write : View of `hw.core.memory_map.write_layout`, or None
        Writes of the loader; None where nothing is loaded.
    """
    number = memory_map.index(name)
    region = memory_map.regions[number]
    made = memory.Memory(shape=region.word_bits, depth=region.depth, init=words)
    if write is not None:
        port = made.write_port()
        m.d.comb += [
            port.en.eq(write.enable[number]),
            port.addr.eq(write.word[: len(port.addr)]),
            port.data.eq(write.data[: region.word_bits]),
        ]
    return made


def read_region(
    m: Module,
    memory_map: MemoryMap,
    name: str,
    words: Sequence[int],
    index: ValueLike,
    shape,
    write: Any,
) -> Any:
    """Combinational read of a region: a view of ``shape``; parameters as of `memory_of`.

    A region that cannot be written is logic.
    """
    if write is None:
        return lookup(m, index, words, shape, name)
    m.submodules[name] = made = memory_of(m, memory_map, name, words, write)
    port = made.read_port(domain="comb")
    out: Any = Signal(shape, name=name)
    m.d.comb += [port.addr.eq(index), out.eq(port.data)]
    return out
