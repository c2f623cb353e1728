"""Serial port of a board."""

import errno
from typing import Protocol

import serial
from serial.tools import list_ports

from tickless.errors import TicklessError

__all__ = ["DEFAULT_BAUD", "TICK_S", "BoardError", "BoardPort", "open_port"]

DEFAULT_BAUD = 3_000_000

TICK_S = 0.05
"""Longest wait of one read. A line that is silent for so long is quiet."""

WRITE_LIMIT_S = 5.0


class BoardError(TicklessError):
    """A board that cannot be reached, or refuses; the message says what to do."""


class BoardPort(Protocol):
    """Stream of bytes to and from a board, as `serial.Serial` is one.

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


def open_port(path: str, baud: int = DEFAULT_BAUD) -> serial.Serial:
    """Open a serial port for this program alone.

    Raises
    ------
    BoardError
        If that fails; the message says what to do.
    """
    try:
        return serial.Serial(
            path, baud, timeout=TICK_S, write_timeout=WRITE_LIMIT_S, exclusive=True
        )
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
