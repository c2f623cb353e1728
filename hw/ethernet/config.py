"""Parameters of a board's Ethernet port."""

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from tickless.errors import InputError
from tickless.hw.ethernet.datagram import DEFAULT_PORT, MOST_BYTES

__all__ = ["EthernetConfig"]

LOCAL_MAC = bytes((0x02, 0x54))
"""What a board's MAC address begins with: locally administered, of one station."""


@dataclass(frozen=True)
class EthernetConfig:
    """Parameters of a board's Ethernet port.

    Parameters
    ----------
    address : str
        IPv4 address of the board, of one station.
    port : int
        Its UDP port.
    inbox_bytes, outbox_bytes : int
        Memory for bytes from the host that the link has not taken, and for bytes to the host that
        it has not acknowledged: powers of two.
    """

    address: str = "192.168.1.50"
    port: int = DEFAULT_PORT
    inbox_bytes: int = 8192
    outbox_bytes: int = 4096

    def __post_init__(self):
        try:
            address = IPv4Address(self.address)
        except AddressValueError:
            raise InputError(
                f"address = {self.address!r}: expected an IPv4 address, as 192.168.1.50"
            ) from None
        if address.is_multicast or address.is_unspecified or address.is_reserved:
            raise InputError(f"address = {self.address}: expected the address of one station")
        if not 1 <= self.port < 1 << 16:
            raise InputError(f"port = {self.port}: expected 1..65535")
        for name in ("inbox_bytes", "outbox_bytes"):
            value = getattr(self, name)
            if value & (value - 1) or not MOST_BYTES < value <= 1 << 16:
                raise ValueError(f"{name} = {value}: expected a power of two, 2048 to 65536")

    @property
    def ip(self) -> bytes:
        """Address, as packets carry it."""
        return IPv4Address(self.address).packed

    @property
    def mac(self) -> bytes:
        """MAC address: as unique as the IP address, which it ends with."""
        return LOCAL_MAC + self.ip
