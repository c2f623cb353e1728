"""Weight buffer of a pass."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.layouts import Region
from tickless.hw.passes.loader import write_layout
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.ram import Ram

__all__ = ["WeightBuffer"]


class WeightBuffer(wiring.Component):
    """Weight buffer: a memory a lane, so that each can lie beside the lane's neurons.

    Parameters
    ----------
    shape : EngineShape
        The engine.

    Members
    -------
    load : In(write_layout)
        Writes of the loader; never while a pass reads.
    address : In
        Word to read.
    word : Out
        That word, a clock later: a weight for each lane, for each tap.
    """

    load: Any
    address: Signal
    word: Any

    def __init__(self, shape: EngineShape):
        self.shape = shape
        self.layout = data.ArrayLayout(
            data.ArrayLayout(shape.weight_bits, shape.lanes), GRID * GRID
        )
        super().__init__(
            {
                "load": In(write_layout(shape)),
                "address": In(ceil_log2(shape.weight_words)),
                "word": Out(self.layout),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        written: Any = Signal(self.layout)
        m.d.comb += written.eq(self.load.word)
        taps = data.ArrayLayout(shape.weight_bits, GRID * GRID)
        for lane in range(shape.lanes):
            m.submodules[f"lane_{lane}"] = made = Ram(taps, shape.weight_words, False)
            m.d.comb += [
                made.address.eq(self.address),
                made.write.en.eq(self.load.region == Region.WEIGHTS),
                made.write.addr.eq(self.load.address),
            ]
            for tap in range(GRID * GRID):
                m.d.comb += [
                    made.write.data[tap].eq(written[tap][lane]),
                    self.word[tap][lane].eq(made.word[tap]),
                ]
        return m
