"""Timing of SDRAM parts: what their data sheets ask for, in nanoseconds and in clocks."""

from dataclasses import dataclass

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from tickless.errors import InputError

__all__ = [
    "ADDRESS_BITS",
    "AS4C16M16SA_7",
    "BANK_BITS",
    "COLUMN_BITS",
    "COMMAND_LAYOUT",
    "DATA_BITS",
    "INIT_REFRESHES",
    "PRECHARGE_ALL",
    "ROW_BITS",
    "Clocks",
    "Command",
    "SdramTimings",
]

DATA_BITS = 16
BANK_BITS, ROW_BITS, COLUMN_BITS = 2, 13, 9
"""Organization of parts of 256 Mbit by 16: 32 MB."""

ADDRESS_BITS = BANK_BITS + ROW_BITS + COLUMN_BITS
"""Width of a word's address. From the lowest bit: column, bank, row."""

PRECHARGE_ALL = 10
"""Bit of the address pins by which PRECHARGE closes all banks."""

INIT_REFRESHES = 8
"""Refreshes before the mode is set."""


class Command(enum.Enum, shape=unsigned(3)):
    """Command: the levels of RAS#, CAS# and WE#, highest first, with CS# low.

    Members
    -------
    MODE, REFRESH, PRECHARGE, ACTIVATE, WRITE, READ, NOP
        As in any data sheet; SDRAM parts have no other that is used here.
    """

    MODE = 0b000
    REFRESH = 0b001
    PRECHARGE = 0b010
    ACTIVATE = 0b011
    WRITE = 0b100
    READ = 0b101
    NOP = 0b111


COMMAND_LAYOUT = data.StructLayout(
    {"kind": Command, "bank": BANK_BITS, "address": ROW_BITS, "data": DATA_BITS}
)
"""Layout of what goes to the part in a clock; ``data`` is driven with WRITE only."""


@dataclass(frozen=True)
class Clocks:
    """Timing in clocks; the least, but for ``refresh_interval``, which is the most.

    Members
    -------
    power_up : int
        From a stable clock to the first command.
    activate_to_activate, activate_to_precharge, activate_to_access : int
        Of one bank.
    precharge_to_activate : int
        Also to REFRESH and MODE.
    write_to_precharge : int
        From the last word written.
    refresh_to_any, mode_to_any : int
        To any other command.
    cas_latency : int
        From READ to its word.
    refresh_interval : int
        From one REFRESH to the next.
    """

    power_up: int
    activate_to_activate: int
    activate_to_precharge: int
    activate_to_access: int
    precharge_to_activate: int
    write_to_precharge: int
    refresh_to_any: int
    mode_to_any: int
    cas_latency: int
    refresh_interval: int


@dataclass(frozen=True)
class SdramTimings:
    """Timing of a part, as its data sheet gives it.

    Parameters
    ----------
    power_up_us : int
        From a stable clock to the first command, in microseconds.
    t_rc, t_ras, t_rcd, t_rp, t_wr, t_rfc, t_mrd : int
        In nanoseconds.
    t_ck2, t_ck3 : int
        Shortest clock with a CAS latency of 2, and of 3, in nanoseconds.
    rows : int
        Rows to refresh in ``refresh_ms``.
    refresh_ms : int
        In milliseconds.
    """

    power_up_us: int
    t_rc: int
    t_ras: int
    t_rcd: int
    t_rp: int
    t_wr: int
    t_rfc: int
    t_mrd: int
    t_ck2: int
    t_ck3: int
    rows: int
    refresh_ms: int

    def clocks(self, clock_hz: int) -> Clocks:
        """The same in clocks.

        Raises
        ------
        InputError
            If the clock is too fast for the part, or too slow to refresh it.
        """

        def least(ns: int) -> int:
            return max(1, -(-ns * clock_hz // 10**9))

        fastest = 10**9 // self.t_ck3
        if clock_hz > fastest:
            raise InputError(f"clock_hz = {clock_hz}: expected at most {fastest}, the SDRAM's")
        made = Clocks(
            power_up=least(self.power_up_us * 1000),
            activate_to_activate=least(self.t_rc),
            activate_to_precharge=least(self.t_ras),
            activate_to_access=least(self.t_rcd),
            precharge_to_activate=least(self.t_rp),
            write_to_precharge=least(self.t_wr),
            refresh_to_any=least(self.t_rfc),
            mode_to_any=max(2, least(self.t_mrd)),
            cas_latency=2 if clock_hz * self.t_ck2 <= 10**9 else 3,
            refresh_interval=clock_hz * self.refresh_ms // (1000 * self.rows),
        )
        if made.refresh_interval < 2 * made.refresh_to_any + made.activate_to_activate:
            raise InputError(f"clock_hz = {clock_hz}: expected a faster one to refresh the SDRAM")
        return made


AS4C16M16SA_7 = SdramTimings(
    power_up_us=200,
    t_rc=63,
    t_ras=42,
    t_rcd=21,
    t_rp=21,
    t_wr=14,
    t_rfc=63,
    t_mrd=14,
    t_ck2=10,
    t_ck3=7,
    rows=8192,
    refresh_ms=64,
)
"""Alliance AS4C16M16SA-7 (data sheet, revision 3.0, table 16)."""
