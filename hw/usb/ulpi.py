"""ULPI: the signals between a USB PHY and a link, and their clock."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ULPI", "ULPI_HZ", "USB_DOMAIN"]

USB_DOMAIN = "usb"
"""Clock domain of ULPI, as LUNA calls it: the PHY's clock."""

ULPI_HZ = 60_000_000
"""The PHY's clock (ULPI 1.1)."""

ULPI = wiring.Signature(
    {
        "data": Out(wiring.Signature({"i": In(8), "o": Out(8), "oe": Out(1)})),
        "dir": In(1),
        "nxt": In(1),
        "stp": Out(1),
    }
)
"""Signals between a PHY and a link, by ULPI's names, in `USB_DOMAIN`."""
