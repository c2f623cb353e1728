"""Constant tables in logic."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Signal, ValueLike

__all__ = ["lookup"]


def lookup(m: Module, index: ValueLike, entries: Sequence, shape, name: str) -> Any:
    """Combinational table: ``entries[index]``, the shape's default beyond their end.

    Parameters
    ----------
    entries : sequence
        Constants or initialisers of ``shape``.
    """
    out = Signal(shape, name=name)
    with m.Switch(index):
        for position, entry in enumerate(entries):
            with m.Case(position):
                m.d.comb += out.eq(shape.const(entry) if hasattr(shape, "const") else entry)
    return out
