"""Receiver: a reserved queue for each source, and the credits that go back to it."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import ceil_log2

from tickless.hw.fabric.flit import FlitConfig, Peer

__all__ = ["Receiver", "check_queue"]


MIN_QUEUE_DEPTH = 3
"""A shorter queue refuses a second packet in the clock in which the first moves to its output."""


def check_queue(depth: int, batch: int) -> None:
    """ValueError unless queues of a depth can work with credits of a batch."""
    if depth < MIN_QUEUE_DEPTH or not 1 <= batch <= depth:
        raise ValueError(
            f"queue_depth = {depth}, credit_batch = {batch}: expected a depth of at least "
            f"{MIN_QUEUE_DEPTH} and a batch of 1 to the depth"
        )


class Receiver(wiring.Component):
    """Receiver of packets over a mesh.

    Takes every flit at once: each source sends only what its queue has room for. For every
    ``credit_batch`` packets taken out of a queue one credit goes back to its source.

    Parameters
    ----------
    flit : FlitConfig
        Flits of the mesh.
    sources : sequence of Peer
        One a queue: the sender, and which of its destinations this is.
    queue_depth, credit_batch : int
        Packets that each queue holds, and packets that one credit stands for.

    Members
    -------
    i : In(flit layout)
        Flit of data.
    i_valid : In(1)
        Whether there is one.
    o : Out(stream).array
        Payloads from each source, ``payload_bits`` wide.
    credits : Out(stream)
        Flits that return credits.
    """

    i: Any
    i_valid: Signal
    o: Sequence[stream.Interface]
    credits: stream.Interface

    def __init__(
        self, flit: FlitConfig, sources: Sequence[Peer], queue_depth: int, credit_batch: int
    ):
        check_queue(queue_depth, credit_batch)
        self.flit, self.sources = flit, tuple(sources)
        self.queue_depth, self.credit_batch = queue_depth, credit_batch
        super().__init__(
            {
                "i": In(flit.layout),
                "i_valid": In(1),
                "credits": Out(stream.Signature(flit.layout)),
                "o": Out(stream.Signature(flit.payload_bits)).array(len(self.sources)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        owing = []
        returned = Signal(len(self.sources))
        for index, out in enumerate(self.o):
            queue: Any = SyncFIFOBuffered(width=self.flit.payload_bits, depth=self.queue_depth)
            m.submodules[f"queue_{index}"] = queue
            into, waiting = queue.w_stream, queue.r_stream
            m.d.comb += [
                into.payload.eq(self.i.payload),
                into.valid.eq(self.i_valid & (self.i.connection == index)),
            ]
            connect(m, waiting, flipped(out))
            freed = Signal(range(self.queue_depth + 1), name=f"freed_{index}")
            owes = Signal(name=f"owes_{index}")
            m.d.comb += owes.eq(freed >= self.credit_batch)
            m.d.sync += freed.eq(
                freed + (waiting.valid & waiting.ready) - self.credit_batch * returned[index]
            )
            owing.append(owes)

        # A choice once offered stays until it is taken.
        chosen = Signal(ceil_log2(len(self.sources)))
        offered = self.credits
        m.d.comb += returned.bit_select(chosen, 1).eq(offered.valid & offered.ready)
        m.d.comb += [offered.valid.eq(Array(owing)[chosen]), offered.p.credit.eq(1)]
        for name in ("row", "column", "connection"):
            values = Array(getattr(peer, name) for peer in self.sources)
            m.d.comb += offered.p[name].eq(values[chosen])
        with m.If(~offered.valid | offered.ready):
            m.d.sync += chosen.eq(chosen + 1)
            with m.If(chosen == len(self.sources) - 1):
                m.d.sync += chosen.eq(0)
        return m
