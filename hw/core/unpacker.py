"""Unpacker: packets to single events, one a clock."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import ceil_log2

from tickless.hw.packet import Kind, LinkConfig
from tickless.hw.streams import Buffer

__all__ = ["Unpacker", "event_layout"]


def event_layout(*links: LinkConfig) -> data.StructLayout:
    """Layout of a single event or marker that came over one of these links.

    ``edge`` is the index of the link, no bits wide where there is only one.
    """
    widths = {
        "channel": max(ceil_log2(link.blocks * link.lanes) for link in links),
        "y": max(link.layout["y"].width for link in links),
        "x": max(link.layout["x"].width for link in links),
    }
    return data.StructLayout({"kind": Kind, "edge": len(links) - 1, **widths})


class Unpacker(wiring.Component):
    """Unpacker of packets.

    Sends the channels of each packet's mask in ascending order, one a clock without gaps, and
    END and READ as they are. A packet without any event (empty mask, unknown kind) is dropped.
    Where the link carries ends of events, each one leaves as an EVENT_END of its own.

    Parameters
    ----------
    link : LinkConfig
        Packets received.
    fast_clock : bool
        Whether events leave from a buffer.

    Members
    -------
    i : In(stream)
        Packets.
    o : Out(stream)
        Events: `event_layout`.
    dropped : Out(1)
        High for one clock for each packet dropped.
    """

    i: stream.Interface
    o: stream.Interface
    dropped: Signal

    def __init__(self, link: LinkConfig, fast_clock: bool = True):
        self.link, self.fast_clock = link, fast_clock
        super().__init__(
            {
                "i": In(stream.Signature(link.layout)),
                "o": Out(stream.Signature(event_layout(link))),
                "dropped": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        link = self.link
        out = self.o
        if self.fast_clock:
            m.submodules.buffer = buffer = Buffer(event_layout(link))
            connect(m, buffer.o, flipped(self.o))
            out = buffer.i
        # The packet at hand: the lane that leaves next, those behind it, whether it is the last.
        full = Signal()
        known = Signal()
        packet = Signal(link.layout)
        lane = Signal(link.lanes)
        rest = Signal(link.lanes)
        last = Signal()
        marker = Signal()
        m.d.comb += marker.eq(_is_marker(packet.kind))
        # Ends still to be sent: of the packet's event, or of a run of empty ones.
        ends = Signal(link.count_bits + 1)
        ending = Signal()

        advance = Signal()
        done = Signal()
        m.d.comb += [
            out.valid.eq(full & (known | ending)),
            out.p.kind.eq(Mux(ending, Kind.EVENT_END, packet.kind)),
            out.p.channel.eq(Mux(marker | ending, 0, packet.block * link.lanes + _index_of(lane))),
            out.p.y.eq(packet.y),
            out.p.x.eq(packet.x),
            advance.eq(full & (out.ready | ~out.valid)),
            done.eq(advance & last & (ends == ending)),
            self.dropped.eq(full & ~out.valid),
            self.i.ready.eq(~full | done),
        ]
        with m.If(advance):
            m.d.sync += _take_lowest(rest, lane, rest, last)
            if link.level_bits:
                m.d.sync += ending.eq(last & (ends > ending))
                with m.If(ending):
                    m.d.sync += ends.eq(ends - 1)
        with m.If(done):
            m.d.sync += full.eq(0)
        with m.If(self.i.valid & self.i.ready):
            arriving = self.i.p
            m.d.sync += [
                full.eq(1),
                packet.eq(arriving),
                known.eq(
                    _is_marker(arriving.kind)
                    | ((arriving.kind == Kind.EVENT) & arriving.mask.any())
                ),
                *_take_lowest(arriving.mask, lane, rest, last),
            ]
            with m.If(arriving.kind != Kind.EVENT):
                m.d.sync += [rest.eq(0), last.eq(1)]
            if link.level_bits:
                of_run = arriving.kind == Kind.EVENT_END
                m.d.sync += [
                    ending.eq(of_run),
                    ends.eq(Mux(of_run, link.count(arriving) + 1, arriving.last)),
                ]
        return m


def _is_marker(kind: Any) -> Value:
    return (kind == Kind.END) | (kind == Kind.READ)


def _take_lowest(mask: Any, lane: Signal, rest: Signal, last: Signal) -> list[Any]:
    """Split a mask into its lowest lane and the rest, and say whether that is the last one."""
    behind = mask & (mask - 1)
    return [lane.eq(mask & ~(mask - 1)), rest.eq(behind), last.eq(behind == 0)]


def _index_of(one_hot: Signal) -> Value:
    """Index of the only bit that is set."""
    bits = ceil_log2(len(one_hot))
    return Cat(
        Cat(one_hot[i] for i in range(len(one_hot)) if i >> bit & 1).any() for bit in range(bits)
    )
