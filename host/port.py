"""Port of a board."""

import errno
import os
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import serial
from serial.tools import list_ports

from tickless.errors import TicklessError
from tickless.host.clock import SimulatedClock, clock_path

if TYPE_CHECKING:
    from tickless.host.udp import UdpPort

__all__ = [
    "DEFAULT_BAUD",
    "ENGINE",
    "LOOPBACK",
    "SCHEME",
    "TICK_S",
    "BoardError",
    "BoardPort",
    "SerialPort",
    "open_port",
]

DEFAULT_BAUD = 3_000_000

ENGINE = "engine"
"""Name of no port: the fast engine takes the board's place."""

LOOPBACK = "127.0.0.1"
"""Address of this machine, which no other reaches."""

SCHEME = "udp://"
"""How the address of a board in a network begins."""

TICK_S = 0.05
"""Longest wait of one read. A line that is silent for so long is quiet."""

WRITE_LIMIT_S = 5.0
"""Longest time that a board takes nothing in, by its clock."""


class BoardError(TicklessError):
    """A board that cannot be reached, or refuses; the message says what to do."""


class BoardPort(Protocol):
    """Stream of bytes to and from a board, and the clock by which its answers are due.

    Members
    -------
    in_waiting : int
        Bytes that can be read at once.
    """

    @property
    def in_waiting(self) -> int: ...

    def read(self, size: int = 1, /) -> bytes:
        """At most ``size`` bytes; fewer if no more come within about `TICK_S`."""
        ...

    def write(self, content: bytes, /) -> int | None: ...

    def now_s(self) -> float:
        """Seconds, since whenever, that never fall; OSError if no more will pass."""
        ...


class SerialPort(serial.Serial):
    """Serial port, for this program alone, of a board or a simulated board.

    Parameters
    ----------
    path : str
        The port. A simulated board's has a clock beside it: see `host.clock`.
    baud : int
        Bits a second.

    Raises
    ------
    OSError, ValueError
        If it cannot be opened.
    """

    def __init__(self, path: str, baud: int):
        self._clock: SimulatedClock | None = None
        super().__init__(path, baud, timeout=TICK_S, exclusive=True)
        if (file := clock_path(path)).exists():
            self._clock = SimulatedClock(file)

    def now_s(self) -> float:
        """Seconds on a simulated board's own clock, for other boards on this machine's."""
        return time.monotonic() if self._clock is None else self._clock.now_s()

    def write(self, content: Any, /) -> int:
        """Write all bytes; OSError if the board takes nothing for `WRITE_LIMIT_S`."""
        left = memoryview(content)
        until = self.now_s() + WRITE_LIMIT_S
        while left:
            now = self.now_s()
            if select.select([], [self.fileno()], [], TICK_S)[1]:
                with suppress(BlockingIOError):
                    left = left[os.write(self.fileno(), left) :]
            elif now > until:
                raise serial.SerialTimeoutException("Write timeout")
        return len(content)


def open_port(path: str, baud: int = DEFAULT_BAUD) -> "SerialPort | UdpPort":
    """Open a serial port, for this program alone, or the port ``udp://HOST`` of a board.

    Raises
    ------
    BoardError
        If that fails; the message says what to do.
    """
    if path.startswith(SCHEME):
        from tickless.host.udp import UdpPort

        try:
            return UdpPort(path)
        except OSError as error:
            raise BoardError(
                f"{path}: {error}. Is the board on, and is its address in this machine's network? "
                "`tickless simulate-board --udp` offers one without a board"
            ) from None
    try:
        return SerialPort(path, baud)
    except (OSError, ValueError) as error:
        raise BoardError(f"{path}: {_advice(error)}") from None


def _advice(error: OSError | ValueError) -> str:
    match getattr(error, "errno", None):
        case errno.ENOENT:
            found = [port.device for port in list_ports.comports()]
            there = f"the ports here are {', '.join(found)}" if found else "there is no port here"
            return (
                f"no such port; {there}. Is the board connected? "
                "`tickless simulate-board` offers one without a board"
            )
        case errno.EACCES:
            return (
                "permission denied. Become a member of the group that owns it (on Debian and "
                "Ubuntu: sudo usermod -a -G dialout $USER) and log in again"
            )
        case errno.EAGAIN | errno.EBUSY:
            return "another program uses it"
    return f"cannot be opened: {error}"
