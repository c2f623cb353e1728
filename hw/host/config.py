"""Parameters of the host link."""

from dataclasses import dataclass

from tickless.errors import InputError
from tickless.hw.host.uart import MIN_DIVISOR, samples_per_clock

__all__ = ["HostConfig"]

MAX_BAUD_ERROR = 0.02
"""Largest relative error of the baud rate: half a bit in a byte is 0.05, and the host errs, too."""


@dataclass(frozen=True)
class HostConfig:
    """Parameters of the host link.

    Parameters
    ----------
    clock_hz : int
        Frequency of the clock.
    baud : int
        Bits a second on the line: at most half the clock, of which a multiple of clocks must
        give it within 2 %. 0 where the line is no serial one.
    buffer_bytes : int
        Memory for commands received but not yet carried out: a power of two, 256 to 32768.
    stored_events : int
        Room of the stored sample; 0 for none.
    network : int
        First 8 bytes of the network's hash, the first one lowest.
    design : int
        Number that an image must name to be loaded, where the cores are loadable.
    """

    clock_hz: int
    baud: int = 3_000_000
    buffer_bytes: int = 1024
    stored_events: int = 0
    network: int = 0
    design: int = 0

    def __post_init__(self):
        limits = {
            "clock_hz": (1, 2**32 - 1),
            "baud": (0, 2**32 - 1),
            "buffer_bytes": (256, 32768),
            "stored_events": (0, 2**32 - 1),
            "network": (0, 2**64 - 1),
            "design": (0, 2**64 - 1),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise InputError(f"{name} = {value!r}: expected an integer in {low}..{high}")
        if self.buffer_bytes & (self.buffer_bytes - 1):
            raise ValueError(f"buffer_bytes = {self.buffer_bytes}: expected a power of two")
        if self.baud == 0:
            return
        if self.divisor < MIN_DIVISOR:
            raise InputError(
                f"baud = {self.baud}: expected at most {self.clock_hz // MIN_DIVISOR}, "
                f"half of clock_hz = {self.clock_hz}"
            )
        real = self.clock_hz / self.divisor
        if abs(real / self.baud - 1) > MAX_BAUD_ERROR:
            raise InputError(
                f"baud = {self.baud}: clock_hz = {self.clock_hz} gives {real:.0f} at best: "
                f"expected at most {MAX_BAUD_ERROR:.0%} of error"
            )

    @property
    def divisor(self) -> int:
        """Clocks of a bit on a serial line."""
        if self.baud == 0:
            raise InputError("baud = 0: expected at least 1 on a serial line")
        return round(self.clock_hz / self.baud)

    @property
    def samples_per_clock(self) -> int:
        """How often the serial line is sampled in a clock."""
        return samples_per_clock(self.divisor)

    @property
    def room(self) -> int:
        """Bytes of commands that may be under way, each counted as its data and three."""
        return self.buffer_bytes - 2
