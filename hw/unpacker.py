"""Unpacker: packets to single events, one a clock."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.packet import Kind, LinkConfig

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

    def __init__(self, link: LinkConfig):
        self.link = link
        super().__init__(
            {
                "i": In(stream.Signature(link.layout)),
                "o": Out(stream.Signature(event_layout(link))),
                "dropped": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        packet = Signal(self.link.layout)
        full = Signal()
        rest = Signal(self.link.lanes)

        marker = Signal()
        known = Signal()
        m.d.comb += [
            marker.eq((packet.kind == Kind.END) | (packet.kind == Kind.READ)),
            known.eq(marker | ((packet.kind == Kind.EVENT) & rest.any())),
        ]
        # Ends still to be sent: of the packet's event, or of a run of empty ones.
        ends = Signal(self.link.count_bits + 1)
        ending = Signal()
        if self.link.level_bits:
            with m.If(ending):
                m.d.comb += [marker.eq(1), known.eq(1)]
        lane = Signal(range(self.link.lanes))
        for index in reversed(range(self.link.lanes)):
            with m.If(rest[index]):
                m.d.comb += lane.eq(index)
        without_lane = Signal(self.link.lanes)
        m.d.comb += without_lane.eq(rest & (rest - 1))

        advance = Signal()
        last = Signal()
        done = Signal()
        m.d.comb += [
            advance.eq(full & (~self.o.valid | self.o.ready | ~known)),
            last.eq(ending | marker | ~known | (without_lane == 0)),
            done.eq(advance & last & (ends == ending)),
            self.dropped.eq(full & ~known),
            self.i.ready.eq(~full | done),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(advance):
            m.d.sync += [rest.eq(without_lane), ending.eq(last & (ends > ending))]
            with m.If(ending):
                m.d.sync += ends.eq(ends - 1)
            with m.If(known):
                m.d.sync += [
                    self.o.valid.eq(1),
                    self.o.p.kind.eq(Mux(ending, Kind.EVENT_END, packet.kind)),
                    self.o.p.channel.eq(Mux(marker, 0, packet.block * self.link.lanes + lane)),
                    self.o.p.y.eq(packet.y),
                    self.o.p.x.eq(packet.x),
                ]
        with m.If(done):
            m.d.sync += full.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [full.eq(1), packet.eq(self.i.p), rest.eq(self.i.p.mask)]
            if self.link.level_bits:
                of_run = self.i.p.kind == Kind.EVENT_END
                m.d.sync += [
                    ending.eq(of_run),
                    ends.eq(Mux(of_run, self.link.count(self.i.p) + 1, self.i.p.last)),
                ]
        return m
