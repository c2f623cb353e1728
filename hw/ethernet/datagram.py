"""Datagrams between host and board: what `docs/howto/ethernet.md` documents byte by byte."""

from amaranth.lib import data

__all__ = ["DATAGRAM_LAYOUT", "DEFAULT_PORT", "HEADER_BYTES", "MOST_BYTES", "VERSION"]

VERSION = 1
"""Version of the datagrams' header."""

DEFAULT_PORT = 5127
"""UDP port of a board."""

DATAGRAM_LAYOUT = data.StructLayout(
    {
        "version": 8,
        "opens": 1,
        "again": 1,
        "spare": 6,
        "session": 16,
        "position": 32,
        "received": 32,
    }
)
"""Header of a datagram, lowest byte first, in front of bytes of the line.

``opens``: a host begins a session, whose positions count from 0; such a datagram brings no bytes.
``again``: the board is to send again from ``received`` on. ``session``: number of the session.
``position``: that of the first byte in the sender's bytes. ``received``: that of the next byte
which the sender expects.
"""

HEADER_BYTES = DATAGRAM_LAYOUT.size // 8

MOST_BYTES = 1500 - 20 - 8 - HEADER_BYTES
"""Most bytes of the line in a datagram: what an Ethernet frame holds."""
