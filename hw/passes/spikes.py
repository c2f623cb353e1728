"""Spikes of steps: from the lanes that fired at nine positions to one spike a clock."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import COORDINATE_BITS, INDEX_BITS

__all__ = ["SpikeQueue", "firing_layout", "spike_layout"]

DEPTH = 16
"""Steps whose spikes may wait."""


def firing_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of what a step fires: lanes by positions in row-major order from the first one, which
    is given; number of its event."""
    return data.StructLayout(
        {
            "lanes": data.ArrayLayout(shape.lanes, GRID * GRID),
            "y": COORDINATE_BITS,
            "x": COORDINATE_BITS,
            "number": INDEX_BITS,
        }
    )


def spike_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of a spike: lane, position, number of its event."""
    return data.StructLayout(
        {
            "lane": ceil_log2(shape.lanes),
            "y": COORDINATE_BITS,
            "x": COORDINATE_BITS,
            "number": INDEX_BITS,
        }
    )


class SpikeQueue(wiring.Component):
    """Queue of what steps fired. Gives their spikes in order, a spike a clock.

    Parameters
    ----------
    shape : EngineShape
        The engine.
    under_way : int
        Steps that may still come when there is no room for another one.

    Members
    -------
    i : In(firing_layout)
        What a step fires; no lane where it does not. Always taken.
    room : Out(1)
        Whether another step may begin.
    busy : Out(1)
        Whether spikes wait.
    o : Out(stream)
        Spikes: `spike_layout`.
    """

    i: Any
    room: Signal
    busy: Signal
    o: stream.Interface

    def __init__(self, shape: EngineShape, under_way: int):
        self.shape, self.most = shape, DEPTH - under_way - 2  # one is on its way to the output
        super().__init__(
            {
                "i": In(firing_layout(shape)),
                "room": Out(1),
                "busy": Out(1),
                "o": Out(stream.Signature(spike_layout(shape))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        out = self.o.p
        layout = firing_layout(self.shape)
        queue: Any = SyncFIFOBuffered(width=layout.size, depth=DEPTH)
        m.submodules.queue = queue
        head: Any = layout(queue.r_data)
        m.d.comb += [
            queue.w_data.eq(self.i),
            queue.w_en.eq(Cat(lanes.any() for lanes in self.i.lanes).any()),
            self.busy.eq(queue.r_rdy | self.o.valid | (queue.level != 0)),
        ]
        m.d.sync += self.room.eq(queue.level <= self.most)

        # Positions of the head whose spikes are still to come, and the lanes of the one at hand.
        gone = Signal(GRID * GRID)
        left = Signal(GRID * GRID)
        first = Signal(GRID * GRID)
        lanes = Signal(self.shape.lanes)
        behind = Signal.like(lanes)
        m.d.comb += [
            left.eq(Cat(word.any() for word in head.lanes) & ~gone),
            first.eq(left & ~(left - 1)),
            behind.eq(lanes & (lanes - 1)),
            self.o.valid.eq(lanes.any()),
        ]
        for lane in reversed(range(self.shape.lanes)):
            with m.If(lanes[lane]):
                m.d.comb += out.lane.eq(lane)
        rows = [Const(place // GRID, 2) for place in range(GRID * GRID)]
        columns = [Const(place % GRID, 2) for place in range(GRID * GRID)]
        with m.If(self.o.ready):
            m.d.sync += lanes.eq(behind)
        with m.If(queue.r_rdy & (~self.o.valid | (self.o.ready & (behind == 0)))):
            m.d.sync += [
                lanes.eq(_chosen(head.lanes, first)),
                out.y.eq(head.y + _chosen(rows, first)),
                out.x.eq(head.x + _chosen(columns, first)),
                out.number.eq(head.number),
                gone.eq(gone | first),
            ]
            with m.If(left == first):
                m.d.comb += queue.r_en.eq(1)
                m.d.sync += gone.eq(0)
        return m


def _chosen(values: Iterable[Any], bits: Signal) -> Value:
    """That value whose bit is set."""
    chosen = (value & bit.replicate(len(value)) for value, bit in zip(values, bits, strict=True))
    return reduce(or_, chosen)
