"""Network interface: between a tile's core and its router."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.fabric.flit import FlitConfig, Peer
from tickless.hw.fabric.receiver import Receiver
from tickless.hw.fabric.sender import Sender

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
    o : Out(stream).array
        Payloads from each source.
    o_load, o_load_valid : Out, Out(1)
        Payload of a load flit, and whether one arrives; only where there is loading.
    i_load : In(stream)
        Load flits to send; only where there is loading.
    """

    i_flit: stream.Interface
    o_flit: stream.Interface
    i: stream.Interface
    o: Sequence[stream.Interface]
    o_load: Signal
    o_load_valid: Signal
    i_load: stream.Interface

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
        members: dict[str, Any] = {}
        self.loadable = flit.loadable
        if flit.loadable:
            members = {
                "o_load": Out(flit.payload_bits),
                "o_load_valid": Out(1),
                "i_load": In(stream.Signature(flit.layout)),
            }
        super().__init__(
            {
                "i_flit": In(stream.Signature(flit.layout)),
                "o_flit": Out(stream.Signature(flit.layout)),
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(flit.payload_bits)).array(len(sources)),
                **members,
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        m.submodules.sender = sender = self.sender
        arriving, leaving, credits = self.i_flit, self.o_flit, receiver.credits
        connect(m, flipped(self.i), sender.i)
        for received, out in zip(receiver.o, self.o, strict=True):
            connect(m, received, flipped(out))
        is_data = arriving.valid & ~arriving.p.credit
        if self.loadable:
            is_data &= ~arriving.p.load
            m.d.comb += [
                self.o_load.eq(arriving.p.payload),
                self.o_load_valid.eq(arriving.valid & arriving.p.load),
            ]
        m.d.comb += [
            arriving.ready.eq(1),
            receiver.i.eq(arriving.p),
            receiver.i_valid.eq(is_data),
            sender.credit.bit_select(arriving.p.connection, 1).eq(
                arriving.valid & arriving.p.credit
            ),
        ]

        def send(source: Any) -> None:
            m.d.comb += source.ready.eq(1)
            m.d.sync += [leaving.valid.eq(1), leaving.payload.eq(source.payload)]

        with m.If(~leaving.valid | leaving.ready):
            m.d.sync += leaving.valid.eq(0)
            with m.If(credits.valid):
                send(credits)
            if self.loadable:
                with m.Elif(self.i_load.valid):
                    send(self.i_load)
            with m.Elif(sender.o.valid):
                send(sender.o)
        return m
