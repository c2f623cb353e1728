"""System behind an Ethernet port."""

from typing import Any

from tickless.hw.design import Design
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.port import EthernetPort
from tickless.hw.host.config import HostConfig
from tickless.hw.host.port_system import PortSystem

__all__ = ["NETWORK_DOMAIN", "UdpSystem"]

NETWORK_DOMAIN = "network"
"""Clock domain of GMII: 125 MHz."""


class UdpSystem(PortSystem):
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

    def __init__(self, design: Design, config: HostConfig, ethernet: EthernetConfig):
        self.ethernet = ethernet
        super().__init__(design, config, EthernetPort(ethernet), "gmii", NETWORK_DOMAIN, ethernet)
