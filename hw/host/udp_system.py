"""System behind an Ethernet port: a design, its host link, and the way to the network's clock."""

from typing import Any

from amaranth.hdl import DomainRenamer, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import AsyncFIFO, AsyncFIFOBuffered
from amaranth.lib.wiring import Out, connect, flipped

from tickless.hw.design import Design
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.port import GMII, EthernetPort
from tickless.hw.host.config import HostConfig
from tickless.hw.host.link import HostLink

__all__ = ["NETWORK_DOMAIN", "ROOM_BYTES", "UdpSystem"]

NETWORK_DOMAIN = "network"
"""Clock domain of GMII: 125 MHz."""

ROOM_BYTES = 16_384
"""Memory for commands: what is under way while an acknowledgement crosses the network."""

CROSSING_BYTES = 8
"""Bytes on their way between two clocks: enough for one in each clock of the slower one."""


class UdpSystem(wiring.Component):
    """Design behind an Ethernet port.

    Needs the clock domains ``sync``, the design's, and `NETWORK_DOMAIN`.

    Parameters
    ----------
    design : Design
        The network's cores; not loadable. It becomes a part of this component.
    config : HostConfig
        The host link.
    ethernet : EthernetConfig
        The port.

    Members
    -------
    gmii : Out(GMII)
        The network.
    busy, failed, class_index : Out
        See `hw.host.link.HostLink`.
    """

    gmii: Any
    busy: Signal
    failed: Signal
    class_index: Signal

    def __init__(self, design: Design, config: HostConfig, ethernet: EthernetConfig):
        self.config, self.ethernet = config, ethernet
        self.link = HostLink(design, config)
        super().__init__(
            {
                "gmii": Out(GMII),
                "busy": Out(1),
                "failed": Out(1),
                "class_index": Out(len(self.link.class_index)),
            }
        )

    @property
    def definition(self) -> str:
        """All that the system follows from, but for the sources; see `hw.design.Design`."""
        return repr((self.config, self.ethernet, self.link.design.definition))

    def elaborate(self, platform):
        m = Module()
        m.submodules.link = link = self.link
        port: Any = EthernetPort(self.ethernet)
        m.submodules.port = DomainRenamer(NETWORK_DOMAIN)(port)
        inward: Any = AsyncFIFO(
            width=8, depth=CROSSING_BYTES, w_domain=NETWORK_DOMAIN, r_domain="sync"
        )
        outward: Any = AsyncFIFOBuffered(
            width=8, depth=CROSSING_BYTES + 1, w_domain="sync", r_domain=NETWORK_DOMAIN
        )
        m.submodules.inward, m.submodules.outward = inward, outward
        connect(m, flipped(self.gmii), port.gmii)
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
