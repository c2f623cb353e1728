"""Parts of streams: buffer, fork and queue."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

__all__ = ["Buffer", "Fork", "StreamQueue"]


class Buffer(wiring.Component):
    """Stream buffer of two places: one transfer a clock, one clock of latency.

    Valid, payload and ready all come out of registers; a reset forgets what is valid, but leaves
    the payload.

    Parameters
    ----------
    shape : ShapeLike
        Payload.

    Members
    -------
    i : In(stream)
        Stream to buffer.
    o : Out(stream)
        The same transfers in the same order.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, shape: ShapeLike):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        first = Signal.like(self.i.payload, reset_less=True)
        second = Signal.like(self.i.payload, reset_less=True)
        second_valid = Signal()
        m.d.comb += [self.i.ready.eq(~second_valid), self.o.payload.eq(first)]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid | second_valid), second_valid.eq(0)]
            with m.If(second_valid):
                m.d.sync += first.eq(second)
            with m.Else():
                m.d.sync += first.eq(self.i.payload)
        with m.Elif(self.i.valid & ~second_valid):
            m.d.sync += second_valid.eq(1)
        with m.If(~second_valid):
            m.d.sync += second.eq(self.i.payload)
        return m


class Fork(wiring.Component):
    """Fork of a stream.

    Each receiver takes every payload once, in order; the next payload comes when both have.

    Parameters
    ----------
    shape : ShapeLike
        Payload.

    Members
    -------
    i : In(stream)
        Stream to fork.
    o : Out(stream).array(2)
        The same stream twice.
    """

    i: stream.Interface
    o: Sequence[stream.Interface]

    def __init__(self, shape: ShapeLike):
        streams = stream.Signature(shape)
        super().__init__({"i": In(streams), "o": Out(streams).array(2)})

    def elaborate(self, platform):
        m = Module()
        taken = Signal(2)
        finished = Signal(2)
        for index, out in enumerate(self.o):
            m.d.comb += [
                out.payload.eq(self.i.payload),
                out.valid.eq(self.i.valid & ~taken[index]),
                finished[index].eq(taken[index] | (out.valid & out.ready)),
            ]
        m.d.comb += self.i.ready.eq(finished.all())
        with m.If(finished.all()):
            m.d.sync += taken.eq(0)
        with m.Else():
            m.d.sync += taken.eq(finished)
        return m


class StreamQueue(wiring.Component):
    """Queue of a stream.

    Parameters
    ----------
    shape : ShapeLike
        Payload.
    depth : int
        Payloads that it holds.

    Members
    -------
    i : In(stream)
        Stream to queue.
    o : Out(stream)
        The same payloads in the same order.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, shape: ShapeLike, depth: int):
        self.depth = depth
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        width = Value.cast(self.i.payload).shape().width
        queue: Any = SyncFIFOBuffered(width=width, depth=self.depth)
        m.submodules.queue = queue
        connect(m, flipped(self.i), queue.w_stream)
        connect(m, queue.r_stream, flipped(self.o))
        return m
