"""Tables by a place in a frame."""

from collections.abc import Mapping
from functools import reduce
from operator import or_

from amaranth.hdl import Const, Module, Mux, Signal, Value, ValueLike

__all__ = ["look_up"]

LOW_BITS = 4
"""Bits of a place that are looked at in the first clock: those of a look-up table in an FPGA."""


def look_up(
    m: Module, place: Value, words: Mapping[int, int], width: int, step: ValueLike = 1
) -> Value:
    """Word of a table at the place of a clock ago, 0 where there is none.

    Parameters
    ----------
    words : mapping of int to int
        The words by their places.
    width : int
        Bits of a word.
    step : ValueLike
        Whether the clock counts.
    """
    size = 1 << LOW_BITS
    high = Signal(len(place) - LOW_BITS, reset_less=True)
    found: list[Value] = []
    with m.If(step):
        m.d.sync += high.eq(place[LOW_BITS:])
    for part in sorted({at // size for at in words}):
        word = Signal(width, reset_less=True)
        found.append(Mux(high == part, word, 0))
        for bit in range(width):
            here = sum((words.get(part * size + at, 0) >> bit & 1) << at for at in range(size))
            with m.If(step):
                m.d.sync += word[bit].eq(Const(here, size).bit_select(place[:LOW_BITS], 1))
    return reduce(or_, found)
