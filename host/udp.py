"""UDP port of a board: a stream of bytes each way, over datagrams that may be lost or swapped."""

import secrets
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from tickless.errors import InputError
from tickless.host.clock import SimulatedClock
from tickless.host.datagrams import Datagram, read_datagram, wrapped
from tickless.hw.ethernet.datagram import DEFAULT_PORT, HEADER_BYTES, MOST_BYTES

__all__ = ["UdpPort"]

WINDOW_BYTES = 16_384
"""Most bytes that are not acknowledged: what the board's memories hold at a clock of 75 MHz."""

RESEND_S, RESEND_MOST_S = 0.01, 0.32
"""Shortest and longest time without progress until bytes are sent, or asked for, again."""

LOST_S = 1.5
"""Time in which nothing of a session comes until another one is begun."""

OPEN_S = 2.0

TICK_S = 0.05
"""Longest wait of one read."""

REPEATS = 3
"""Answers without progress after which a datagram counts as lost."""

RECEIVED_MOST = 1024
"""Bytes from the board that are acknowledged without bytes to it, so that it has room for more."""

WRITE_LIMIT_S = 5.0
"""Longest time that a board takes nothing in, by its clock."""


class UdpPort:
    """Port of a board in a network; see `host.port.BoardPort`.

    What is written leaves when it fills a datagram, or when this program waits for the board.

    Parameters
    ----------
    url : str
        ``udp://HOST[:PORT][/CLOCK]``; CLOCK is the path of a simulated board's clock: see
        `host.clock`.

    Raises
    ------
    OSError
        If nothing answers, or no address is found.
    InputError
        If the text is no such address.
    """

    def __init__(self, url: str):
        parts = urlsplit(url)
        host, port = parts.hostname, DEFAULT_PORT
        try:
            port = parts.port or DEFAULT_PORT
        except ValueError:
            host = None
        if not host:
            raise InputError(f"{url}: expected udp://HOST or udp://HOST:PORT")
        self._clock = SimulatedClock(Path(parts.path)) if parts.path.strip("/") else None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._session = secrets.randbits(16)
        try:
            self._socket.setblocking(False)
            self._socket.connect((host, port))
            self._begin()
            until = self.now_s() + OPEN_S
            while not self._is_open:
                if self.now_s() > until:
                    raise TimeoutError("nothing answers")
                self._wait()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the port."""
        self._socket.close()

    def __enter__(self) -> "UdpPort":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def now_s(self) -> float:
        """Seconds on a simulated board's own clock, for other boards on this machine's."""
        return time.monotonic() if self._clock is None else self._clock.now_s()

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        self._take()
        if not self._is_written:
            self._send(whole=False)
        self._is_written = False
        return len(self._in)

    def read(self, size: int = 1, /) -> bytes:
        """At most ``size`` bytes; fewer if no more come within about `TICK_S`."""
        if size and not self._in:
            self._send(whole=False)
            until = time.monotonic() + TICK_S
            while not self._in and time.monotonic() < until:
                self._wait()
        content = bytes(self._in[:size])
        del self._in[:size]
        return content

    def write(self, content: bytes, /) -> int:
        """Write all bytes; OSError if the board takes nothing for `WRITE_LIMIT_S`."""
        self._out += content
        self._is_written = True
        self._send(whole=True)
        until, first = self.now_s() + WRITE_LIMIT_S, self._first
        while len(self._out) > WINDOW_BYTES:
            self._wait()
            if self._first != first:
                until, first = self.now_s() + WRITE_LIMIT_S, self._first
            elif self.now_s() > until:
                raise TimeoutError("Write timeout")
        return len(content)

    def _begin(self) -> None:
        """Begin another session; what was on its way is lost."""
        self._session = (self._session + 1) & 0xFFFF
        self._out = bytearray()  # bytes that are not acknowledged, sent or not
        self._first = self._sent = 0  # how many bytes were acknowledged, and sent
        self._in = bytearray()
        self._expected = self._told = 0  # bytes that came, and of which the board was told
        self._is_open = self._is_written = self._has_asked = False
        self._repeats = 0
        self._heard_s = self.now_s()
        self._pause_s = RESEND_S
        self._due_s = self._heard_s + RESEND_S
        self._put(opens=True)

    def _put(self, content: bytes = b"", opens: bool = False, again: bool = False) -> None:
        datagram = Datagram(
            self._session,
            wrapped(self._sent),
            wrapped(self._expected),
            content,
            opens,
            again,
        )
        self._told = self._expected
        # What the system does not take is lost, as on the line; a closed port may open again.
        with suppress(BlockingIOError, ConnectionRefusedError):
            self._socket.send(datagram.encode())

    def _send(self, whole: bool) -> None:
        """Send what the window allows; with ``whole`` no datagram that could hold more."""
        if not self._is_open:
            return
        while True:
            start = self._sent - self._first
            count = min(len(self._out) - start, MOST_BYTES, WINDOW_BYTES - start)
            if count <= 0 or (whole and count < MOST_BYTES):
                break
            if start == 0:
                self._due_s = self.now_s() + self._pause_s
            self._put(bytes(self._out[start : start + count]))
            self._sent += count
        if self._expected - self._told > RECEIVED_MOST:
            self._put()

    def _wait(self) -> None:
        """Take what comes within a short time, and send again what is due."""
        pause_s = min(RESEND_S, TICK_S)
        select.select([self._socket], [], [], pause_s)
        self._take()
        self._send(whole=False)
        now = self.now_s()
        if now < self._due_s:
            return
        if now - self._heard_s > LOST_S:
            self._begin()
            return
        self._pause_s = min(2 * self._pause_s, RESEND_MOST_S)
        self._due_s = now + self._pause_s
        self._has_asked = False
        if not self._is_open:
            self._put(opens=True)
        else:
            self._send_again()

    def _send_again(self) -> None:
        """Send again from the first byte that is not acknowledged; ask for the board's, too."""
        self._sent = self._first
        self._repeats = 0
        self._put(again=True)
        self._send(whole=False)

    def _arrivals(self) -> Iterator[Datagram]:
        while True:
            try:
                payload = self._socket.recv(HEADER_BYTES + MOST_BYTES + 1)
            except (BlockingIOError, ConnectionRefusedError):
                return
            datagram = read_datagram(payload)
            if datagram is not None and datagram.session == self._session:
                yield datagram

    def _take(self) -> None:
        """Take the datagrams that have come."""
        for datagram in self._arrivals():
            now = self._heard_s = self.now_s()
            self._is_open = True
            done = wrapped(datagram.received - self._first)
            moved = False
            if 0 < done <= len(self._out):
                del self._out[:done]
                self._first += done
                self._sent = max(self._sent, self._first)
                self._repeats, moved = 0, True
            elif done == 0 and self._sent > self._first and not datagram.content:
                self._repeats += 1
            distance = wrapped(datagram.position - self._expected)
            if distance == 0 and datagram.content:
                self._in += datagram.content
                self._expected += len(datagram.content)
                self._has_asked, moved = False, True
            elif 0 < distance < 1 << 31 and not self._has_asked:
                self._has_asked = True
                self._put(again=True)
            if moved:
                self._pause_s = RESEND_S
                self._due_s = now + RESEND_S
        if self._repeats >= REPEATS:
            self._send_again()
            self._repeats = -WINDOW_BYTES // MOST_BYTES  # those of what was under way
