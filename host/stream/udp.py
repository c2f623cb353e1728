"""Stream of events in datagrams."""

import socket
import struct
import sys
import time
from contextlib import ExitStack, suppress

from tickless.errors import InputError
from tickless.host.stream.arrival import Arrival
from tickless.host.stream.wire import Datagrams, Decoder

__all__ = ["UdpSource", "bound_socket"]

READ_BYTES = 1 << 18
"""Bytes that one read takes at most."""

LARGEST = 1 << 16
"""No datagram is larger."""

KERNEL_BYTES = 1 << 26
"""Room that the system is asked for: it gives what ``net.core.rmem_max`` allows."""

SO_MEMINFO, DROPS = 55, 8
"""Of Linux, ``asm-generic/socket.h`` and ``linux/sock_diag.h``: where a socket counts its drops."""


def bound_socket(host: str, port: int) -> socket.socket:
    """Socket to which datagrams can be sent from now on.

    Raises
    ------
    InputError
        If there is no such address here, or another program has the port.
    """
    try:
        [family, kind, protocol, _, address], *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
        )
        with ExitStack() as opened:
            bound = opened.enter_context(socket.socket(family, kind, protocol))
            with suppress(OSError):
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
            bound.bind(address)
            opened.pop_all()
    except OSError as error:
        raise InputError(
            f"UDP {host}:{port}: cannot be listened to: {error.strerror}: expected an address of "
            "this machine and a port that no other program has"
        ) from None
    return bound


class UdpSource:
    """Source of datagrams; other members as of `host.stream.arrival.Source`.

    Parameters
    ----------
    bound : socket.socket
        Socket.
    form : str
        One of `host.stream.wire.FORMATS`.

    Members
    -------
    datagrams : int
        Datagrams taken.
    """

    period_s = 0.002
    ended = False
    notes = ()

    def __init__(self, bound: socket.socket, form: str):
        bound.setblocking(False)
        self.handle = bound
        self.datagrams = 0
        self._decoder = Decoder(form)
        self._buffer = memoryview(bytearray(READ_BYTES + LARGEST))

    @property
    def time_bits(self) -> int | None:
        """Width of the time stamps; None where the times are those of arrival."""
        wire = self._decoder.wire
        return None if wire is None else wire.time_bits

    @property
    def malformed(self) -> int:
        """Datagrams dropped."""
        return self._decoder.malformed

    @property
    def lost(self) -> int:
        """Datagrams that the system dropped since its room was full, where it tells."""
        if sys.platform == "linux":
            with suppress(OSError):  # of a kernel before 4.12
                values = self.handle.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * (DROPS + 1))
                return struct.unpack_from("=I", values, 4 * DROPS)[0]
        return 0

    def read(self) -> list[Arrival]:
        """Events of the datagrams that have come."""
        started = time.monotonic()
        end, sizes, arrived_s = 0, [], []
        with suppress(BlockingIOError):
            while end < READ_BYTES:
                size = self.handle.recv_into(self._buffer[end:])
                sizes.append(size)
                arrived_s.append(time.monotonic())
                end += size
        if not sizes:
            return []
        self.datagrams += len(sizes)
        events = self._decoder.decode(Datagrams(self._buffer[:end], sizes, arrived_s))
        return [Arrival(events, started)]
