"""Spikes of steps: from the lanes that fired at nine positions to one spike a clock."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from tickless.hw.one_hot import one_hot_choice
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import COORDINATE_BITS, INDEX_BITS
from tickless.hw.streams import Buffer

__all__ = ["SpikeQueue", "firing_layout", "spike_layout"]

DEPTH = 32
"""Steps whose spikes may wait."""

BEHIND = 3
"""Steps that need room beside those under way: one whose positions are being found, and two until
the queue's level tells."""


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
        self.shape, self.most = shape, DEPTH - under_way - BEHIND
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
        shape = self.shape
        # With the positions of a step that spike; in a register, as a clock is short.
        layout = data.StructLayout({"spiking": GRID * GRID, "fired": firing_layout(shape)})
        queue: Any = SyncFIFOBuffered(width=layout.size, depth=DEPTH)
        m.submodules.queue = queue
        came: Any = Signal(layout, reset_less=True)
        comes = Signal()  # whether it spikes at all: writes all of the queue's word
        m.d.sync += [
            comes.eq(self.i.lanes.as_value().any()),
            came.fired.eq(self.i),
            came.spiking.eq(Cat(lanes.any() for lanes in self.i.lanes)),
        ]
        m.d.comb += [queue.w_data.eq(came), queue.w_en.eq(comes)]
        m.d.sync += self.room.eq(queue.level <= self.most)

        # From steps to positions, one a clock; the next one is found a clock ahead.
        head: Any = layout(queue.r_data)
        position = data.StructLayout(
            {
                "lanes": shape.lanes,
                "y": COORDINATE_BITS,
                "x": COORDINATE_BITS,
                "number": INDEX_BITS,
            }
        )
        m.submodules.positions = positions = Buffer(position)
        fired: Any = Signal(firing_layout(shape), reset_less=True)
        left, first, behind_it = (
            Signal(GRID * GRID, name=name) for name in ("left", "first", "behind_it")
        )
        rows = [Const(place // GRID, 2) for place in range(GRID * GRID)]
        columns = [Const(place % GRID, 2) for place in range(GRID * GRID)]
        is_last = Signal(init=1)  # whether ``first`` is all that is left
        found = positions.i.p
        m.d.comb += [
            found.lanes.eq(one_hot_choice(fired.lanes, first)),
            found.y.eq(fired.y + one_hot_choice(rows, first)),
            found.x.eq(fired.x + one_hot_choice(columns, first)),
            found.number.eq(fired.number),
            positions.i.valid.eq(left.any()),
            queue.r_en.eq(positions.i.ready & is_last),
            behind_it.eq(Mux(is_last, Mux(queue.r_rdy, head.spiking, 0), left & ~first)),
        ]
        with m.If(positions.i.ready):
            m.d.sync += [
                left.eq(behind_it),
                first.eq(behind_it & ~(behind_it - 1)),
                is_last.eq((behind_it & (behind_it - 1)) == 0),
            ]
            with m.If(is_last):
                m.d.sync += fired.eq(head.fired)

        # From positions to lanes, one a clock.
        out = self.o.p
        lanes = Signal(shape.lanes)
        behind = Signal.like(lanes)
        m.d.comb += [
            behind.eq(lanes & (lanes - 1)),
            self.o.valid.eq(lanes.any()),
            positions.o.ready.eq(~self.o.valid | (self.o.ready & (behind == 0))),
            self.busy.eq(
                comes | (queue.level != 0) | left.any() | positions.o.valid | self.o.valid
            ),
        ]
        for lane in reversed(range(shape.lanes)):
            with m.If(lanes[lane]):
                m.d.comb += out.lane.eq(lane)
        with m.If(self.o.ready):
            m.d.sync += lanes.eq(behind)
        with m.If(positions.o.valid & positions.o.ready):
            at_hand = positions.o.p
            m.d.sync += [
                lanes.eq(at_hand.lanes),
                out.y.eq(at_hand.y),
                out.x.eq(at_hand.x),
                out.number.eq(at_hand.number),
            ]
        return m
