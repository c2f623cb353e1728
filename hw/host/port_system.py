"""System behind a port that has a clock of its own: a design, its host link, and the way between
the clocks."""

from typing import Any

from amaranth.hdl import DomainRenamer, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import AsyncFIFO, AsyncFIFOBuffered
from amaranth.lib.wiring import Out, connect, flipped

from tickless.hw.design import Design
from tickless.hw.host.config import HostConfig
from tickless.hw.host.link import HostLink

__all__ = ["ROOM_BYTES", "PortSystem"]

ROOM_BYTES = 16_384
"""Memory for commands: what is under way while an acknowledgement crosses a network."""

CROSSING_BYTES = 8
"""Bytes on their way between two clocks: enough for one in each clock of the slower one."""


class PortSystem(wiring.Component):
    """Design behind a port.

    Needs the clock domains ``sync``, the design's, and the port's.

    Parameters
    ----------
    design : Design
        The network's cores; not loadable. It becomes a part of this component.
    config : HostConfig
        The host link.
    port : wiring.Component
        Bytes for the host ``i``, bytes from it ``o``, and the port's own pins.
    pins : str
        Name of those.
    domain : str
        Its clock domain; that of a port that is written for ``sync``.
    port_config : object, optional
        What the port follows from.

    Members
    -------
    <pins>
        The port's.
    busy, failed, class_index : Out
        See `hw.host.link.HostLink`.
    """

    busy: Signal
    failed: Signal
    class_index: Signal

    def __init__(
        self,
        design: Design,
        config: HostConfig,
        port: Any,
        pins: str,
        domain: str,
        port_config: object = None,
    ):
        self.config, self.port, self.pins, self.domain = config, port, pins, domain
        self.port_config = port_config
        self.link = HostLink(design, config)
        super().__init__(
            {
                pins: port.signature.members[pins],
                "busy": Out(1),
                "failed": Out(1),
                "class_index": Out(len(self.link.class_index)),
            }
        )

    @property
    def definition(self) -> str:
        """All that the system follows from, but for the sources; see `hw.design.Design`."""
        return repr((self.config, self.pins, self.port_config, self.link.design.definition))

    def elaborate(self, platform):
        m = Module()
        m.submodules.link = link = self.link
        port = self.port
        m.submodules.port = DomainRenamer(self.domain)(port)
        inward: Any = AsyncFIFO(
            width=8, depth=CROSSING_BYTES, w_domain=self.domain, r_domain="sync"
        )
        outward: Any = AsyncFIFOBuffered(
            width=8, depth=CROSSING_BYTES + 1, w_domain="sync", r_domain=self.domain
        )
        m.submodules.inward, m.submodules.outward = inward, outward
        connect(m, flipped(getattr(self, self.pins)), getattr(port, self.pins))
        connect(m, port.o, inward.w_stream)
        connect(m, link.o, outward.w_stream)
        connect(m, outward.r_stream, port.i)
        m.d.comb += [
            link.i.eq(inward.r_stream.payload),
            link.i_valid.eq(inward.r_stream.valid),
            inward.r_stream.ready.eq(1),
            self.busy.eq(link.busy),
            self.failed.eq(link.failed),
            self.class_index.eq(link.class_index),
        ]
        return m
