"""Datagrams between host and board; `docs/howto/ethernet.md` is their form."""

import struct
from dataclasses import dataclass

from tickless.hw.ethernet.datagram import HEADER_BYTES, MOST_BYTES, VERSION

__all__ = ["Datagram", "read_datagram", "wrapped"]

HEADER = struct.Struct("<BBHII")
"""`hw.ethernet.datagram.DATAGRAM_LAYOUT`."""

OPENS, AGAIN = 1, 2

POSITION_MASK = (1 << 32) - 1


@dataclass(frozen=True)
class Datagram:
    """Datagram; members as of `hw.ethernet.datagram.DATAGRAM_LAYOUT`.

    Members
    -------
    content : bytes
        Bytes of the line: at most `MOST_BYTES`.
    """

    session: int
    position: int
    received: int
    content: bytes = b""
    opens: bool = False
    again: bool = False

    def encode(self) -> bytes:
        """Payload of the UDP packet."""
        flags = OPENS * self.opens | AGAIN * self.again
        header = (VERSION, flags, self.session, self.position, self.received)
        return HEADER.pack(*header) + self.content


def read_datagram(payload: bytes) -> Datagram | None:
    """Datagram in the payload of a UDP packet; None if it is none."""
    if not HEADER_BYTES <= len(payload) <= HEADER_BYTES + MOST_BYTES:
        return None
    version, flags, session, position, received = HEADER.unpack_from(payload)
    if version != VERSION:
        return None
    content = payload[HEADER_BYTES:]
    opens, again = bool(flags & OPENS), bool(flags & AGAIN)
    return Datagram(session, position, received, content, opens, again)


def wrapped(position: int) -> int:
    """A position, or a distance forwards between two, as positions are counted."""
    return position & POSITION_MASK
