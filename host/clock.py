"""Clock of a simulated board, in a file beside its port.

A simulation is slow, and slower still on a busy machine: whoever waits for a simulated board waits
by the board's own seconds.
"""

import struct
import time
from mmap import mmap
from pathlib import Path

__all__ = ["SimulatedClock", "clock_path", "start_clock"]

SECONDS = struct.Struct("d")  # in the form of this machine, which copies it at once

STANDSTILL_S = 120.0
"""How long a clock is watched that does not move, until the simulation counts as hung."""

GLANCE_S = 1.0
"""Most of that which one look adds: this program may have been stopped as well."""


def clock_path(port: str) -> Path:
    """Where the clock of a simulated board is, by the path of its port."""
    return Path(f"{port}.clock")


def start_clock(path: Path) -> None:
    """Create the file of a clock, which shows 0 s."""
    path.write_bytes(SECONDS.pack(0.0))


class SimulatedClock:
    """Seconds that have passed on a simulated board; the simulator sets them, its client reads.

    Parameters
    ----------
    path : Path
        The clock's file.

    Raises
    ------
    OSError
        If there is none; by `now_s`, if the clock is watched and does not move.
    """

    def __init__(self, path: Path):
        with path.open("r+b") as file:
            self._memory = mmap(file.fileno(), SECONDS.size)
        self._shown, self._looked, self._still_s = -1.0, time.monotonic(), 0.0

    def set(self, seconds: float) -> None:
        """Show another time."""
        SECONDS.pack_into(self._memory, 0, seconds)

    def now_s(self) -> float:
        """The time that it shows."""
        [shown] = SECONDS.unpack_from(self._memory)
        looked = time.monotonic()
        self._still_s += min(looked - self._looked, GLANCE_S)
        if shown != self._shown:
            self._shown, self._still_s = shown, 0.0
        self._looked = looked
        if self._still_s >= STANDSTILL_S:
            raise TimeoutError(f"the simulated board has stood still for {STANDSTILL_S:.3g} s")
        return shown
