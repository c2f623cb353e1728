"""Join: the events of a shortcut and of the longer path, in the order of the contract."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.core.unpacker import event_layout
from tickless.hw.packet import Kind, LinkConfig

__all__ = ["Join"]


class Join(wiring.Component):
    """Join of a core's two edges.

    For each event of the fork, the shortcut's event leaves first, then what the longer path made
    of it, up to the end of the fork's event, which is consumed. END and READ, which arrive by
    both edges at the same place, leave once. One event a clock, and a clock for each end.

    Parameters
    ----------
    links : tuple of LinkConfig
        Packets of the longer path, which carry ends of the fork's events, and of the shortcut.

    Members
    -------
    i : In(stream)
        Events of the longer path: `hw.core.unpacker.event_layout`.
    shortcut : In(stream)
        Events of the shortcut.
    o : Out(stream)
        Events of both: `hw.core.unpacker.event_layout` of the two links.
    """

    i: stream.Interface
    shortcut: stream.Interface
    o: stream.Interface

    def __init__(self, links: tuple[LinkConfig, LinkConfig]):
        if not links[0].level_bits or links[1].level_bits:
            raise ValueError(
                f"links = {links!r}: expected ends of events on the first, none on the second"
            )
        super().__init__(
            {
                "i": In(stream.Signature(event_layout(links[0]))),
                "shortcut": In(stream.Signature(event_layout(links[1]))),
                "o": Out(stream.Signature(event_layout(*links))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # High from a shortcut's event to the end of what the longer path made of it.
        inside = Signal()
        source = self.shortcut.p
        with m.If(inside):
            m.d.comb += [
                self.o.p.kind.eq(self.i.p.kind),
                self.o.p.channel.eq(self.i.p.channel),
                self.o.p.y.eq(self.i.p.y),
                self.o.p.x.eq(self.i.p.x),
            ]
            with m.If(self.i.p.kind == Kind.EVENT_END):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += inside.eq(0)
            with m.Else():
                m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
        with m.Else():
            m.d.comb += [
                self.o.p.kind.eq(source.kind),
                self.o.p.edge.eq(1),
                self.o.p.channel.eq(source.channel),
                self.o.p.y.eq(source.y),
                self.o.p.x.eq(source.x),
            ]
            with m.If(source.kind == Kind.EVENT):
                m.d.comb += [
                    self.o.valid.eq(self.shortcut.valid),
                    self.shortcut.ready.eq(self.o.ready),
                ]
                with m.If(self.shortcut.valid & self.o.ready):
                    m.d.sync += inside.eq(1)
            with m.Else():
                both = self.shortcut.valid & self.i.valid
                m.d.comb += [
                    self.o.valid.eq(both),
                    self.shortcut.ready.eq(both & self.o.ready),
                    self.i.ready.eq(both & self.o.ready),
                ]
        return m
