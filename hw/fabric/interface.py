"""Network interface: between a tile's core and its router."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Mux, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.fabric.flit import FlitConfig, Peer
from hw.fabric.receiver import Receiver
from hw.fabric.sender import Sender

__all__ = ["NetworkInterface"]


class NetworkInterface(wiring.Component):
    """Network interface of a tile.

    Gives the core a private, ordered and lossless channel from each source and to each
    destination. What arrives is always taken, and credits never wait for data, so that flits in
    the mesh never stand still for good.

    Parameters
    ----------
    flit : FlitConfig
        Flits of the mesh.
    shape : ShapeLike
        Packets of the core.
    sources, destinations : sequence of Peer
        Other ends of the connections into and out of the tile.
    queue_depth, credit_batch : int
        See `Receiver`; the same in the whole mesh.

    Members
    -------
    i_flit : In(stream)
        Flits from the router.
    o_flit : Out(stream)
        Flits to the router.
    i : In(stream)
        Packets of the core.
    o_<k> : Out(stream)
        Payloads from source ``k``.
    """

    i_flit: stream.Interface
    o_flit: stream.Interface
    i: stream.Interface

    def __init__(
        self,
        flit: FlitConfig,
        shape: ShapeLike,
        sources: Sequence[Peer],
        destinations: Sequence[Peer],
        queue_depth: int,
        credit_batch: int,
    ):
        self.receiver = Receiver(flit, sources, queue_depth, credit_batch)
        self.sender = Sender(flit, shape, destinations, queue_depth, credit_batch)
        members: dict[str, Any] = {
            f"o_{index}": Out(stream.Signature(flit.payload_bits)) for index in range(len(sources))
        }
        super().__init__(
            {
                "i_flit": In(stream.Signature(flit.layout)),
                "o_flit": Out(stream.Signature(flit.layout)),
                "i": In(stream.Signature(shape)),
                **members,
            }
        )

    def queue(self, source: int) -> Any:
        """Stream of payloads from a source."""
        return getattr(self, f"o_{source}")

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        m.submodules.sender = sender = self.sender
        arriving, leaving, credits = self.i_flit, self.o_flit, receiver.credits
        connect(m, flipped(self.i), sender.i)
        for index in range(len(receiver.sources)):
            connect(m, receiver.queue(index), flipped(self.queue(index)))
        m.d.comb += [
            arriving.ready.eq(1),
            receiver.i.eq(arriving.p),
            receiver.i_valid.eq(arriving.valid & ~arriving.p.credit),
            sender.credit.bit_select(arriving.p.connection, 1).eq(
                arriving.valid & arriving.p.credit
            ),
        ]
        with m.If(~leaving.valid | leaving.ready):
            m.d.comb += [credits.ready.eq(1), sender.o.ready.eq(~credits.valid)]
            m.d.sync += [
                leaving.valid.eq(credits.valid | sender.o.valid),
                leaving.payload.eq(Mux(credits.valid, credits.payload, sender.o.payload)),
            ]
        return m
