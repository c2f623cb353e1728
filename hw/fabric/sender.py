"""Sender: one stream to several destinations, each by its credits."""

from collections.abc import Sequence

from amaranth.hdl import Array, Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.fabric.flit import FlitConfig, Peer

__all__ = ["Sender"]


class Sender(wiring.Component):
    """Sender of packets over a mesh.

    Sends each packet to every destination in turn, before the next packet to any, one flit a
    clock. A flit is offered only while its destination has room reserved for it.

    Parameters
    ----------
    flit : FlitConfig
        Flits of the mesh.
    shape : ShapeLike
        Packets.
    destinations : sequence of Peer
        At least one.
    queue_depth, credit_batch : int
        Room that each destination reserves, and how much of it a credit returns.

    Members
    -------
    i : In(stream)
        Packets.
    o : Out(stream)
        Flits.
    credit : In
        One bit a destination, high for one clock when it returns a batch.
    """

    i: stream.Interface
    o: stream.Interface
    credit: Signal

    def __init__(
        self,
        flit: FlitConfig,
        shape: ShapeLike,
        destinations: Sequence[Peer],
        queue_depth: int,
        credit_batch: int,
    ):
        self.destinations = tuple(destinations)
        self.queue_depth, self.credit_batch = queue_depth, credit_batch
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(flit.layout)),
                "credit": In(len(self.destinations)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        count, flit = len(self.destinations), self.o.p
        index = Signal(range(count))
        credits = [
            Signal(range(self.queue_depth + 1), init=self.queue_depth, name=f"credits_{number}")
            for number in range(count)
        ]
        sent = Signal()
        last = Signal()
        m.d.comb += [
            self.o.valid.eq(self.i.valid & Array(credit.any() for credit in credits)[index]),
            flit.payload.eq(Value.cast(self.i.payload)),
            sent.eq(self.o.valid & self.o.ready),
            last.eq(index == count - 1),
            self.i.ready.eq(sent & last),
        ]
        for name in ("row", "column", "connection"):
            values = Array(getattr(peer, name) for peer in self.destinations)
            m.d.comb += flit[name].eq(values[index])
        with m.If(sent):
            m.d.sync += index.eq(index + 1)
            with m.If(last):
                m.d.sync += index.eq(0)
        for number, credit in enumerate(credits):
            spent = sent & (index == number)
            m.d.sync += credit.eq(credit - spent + self.credit_batch * self.credit[number])
        return m
