"""System behind a USB port."""

from typing import Any

from tickless.hw.design import Design
from tickless.hw.host.config import HostConfig
from tickless.hw.host.port_system import PortSystem
from tickless.hw.usb.port import UsbPort
from tickless.hw.usb.ulpi import USB_DOMAIN

__all__ = ["UsbSystem"]


class UsbSystem(PortSystem):
    """Design behind a USB port.

    Needs the clock domains ``sync``, the design's, and `USB_DOMAIN`.

    Parameters
    ----------
    design : Design
        The network's cores; not loadable. It becomes a part of this component.
    config : HostConfig
        The host link.

    Members
    -------
    ulpi : Out(ULPI)
        The PHY.
    busy, failed, class_index : Out
        See `hw.host.link.HostLink`.
    """

    ulpi: Any

    def __init__(self, design: Design, config: HostConfig):
        super().__init__(design, config, UsbPort(), "ulpi", USB_DOMAIN)
