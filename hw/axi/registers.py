"""Registers of an AXI bridge: the one table that hardware, driver, manifest and docs go by."""

from dataclasses import dataclass

from amaranth.utils import ceil_log2

from tickless.hw.axi.shape import AxiShape

__all__ = ["CORE_STEP", "FIRST_CORE", "MAGIC", "VERSION", "Register", "address_bits", "registers"]

MAGIC = int.from_bytes(b"TKLS", "little")

VERSION = 1
"""Version of registers and streams."""

FIRST_CORE, CORE_STEP = 0x400, 0x40
"""Byte address of the first core's counters, and from one core's to the next one's."""


@dataclass(frozen=True)
class Register:
    """One register.

    Members
    -------
    name : str
        Name; ``core_<n>.<counter>`` for the counters of a core.
    address : int
        In bytes.
    access : str
        ``"r"``, ``"w"`` or ``"rw"``.
    text : str
        What it holds.
    words : int
        1, or 2: a read of the low word keeps the high one, which lies behind it, for its own read.
    """

    name: str
    address: int
    access: str
    text: str
    words: int = 1


IDENTITY = (
    Register("magic", 0x00, "r", '`54 4B 4C 53`, "TKLS", the first letter lowest'),
    Register("version", 0x04, "r", "version of registers and streams: 1"),
    Register("network_low", 0x08, "r", "bytes 0 to 3 of the network's hash, the first one lowest"),
    Register("network_high", 0x0C, "r", "bytes 4 to 7"),
    Register("channels", 0x10, "r", "channels of the sensor"),
    Register("height", 0x14, "r", "its rows"),
    Register("width", 0x18, "r", "its columns"),
    Register("classes", 0x1C, "r", "classes"),
    Register("cores", 0x20, "r", "cores"),
    Register("features", 0x24, "r", "bit 0: early exit; bit 1: loadable; bit 2: every counter"),
)

STATE = (
    Register(
        "status",
        0x28,
        "r",
        "bit 0: a sample has begun, and its END has not come; bits 31 to 16: samples whose END has "
        "come and is not answered",
    ),
    Register("first_clock", 0x30, "r", "clock, as of answers, of the last sample's first packet"),
    Register("marker_clock", 0x34, "r", "clock of the last END or READ"),
)

EARLY_EXIT = (
    Register(
        "margin",
        0x2C,
        "rw",
        "early exit's margin, in logit units; at reset that of the build. To be written between "
        "samples",
    ),
    Register("skipped", 0x50, "r", "beats dropped behind a decision since reset", 2),
)

LOADING = (
    Register("load_core", 0x40, "w", "core that the next chunk is for"),
    Register("load_address", 0x44, "w", "its address in the core"),
    Register("load_data", 0x48, "w", "its value: sends the chunk; answered when that is taken"),
    Register("load_written", 0x58, "r", "chunks that a core has written since reset", 2),
    Register("load_unknown", 0x60, "r", "chunks for cores or addresses that do not exist", 2),
    Register("load_refused", 0x68, "r", "chunks that came while a sample was open", 2),
)


def registers(shape: AxiShape) -> tuple[Register, ...]:
    """Registers of a bridge, by ascending address."""
    there = [*IDENTITY, *STATE]
    if shape.early_exit:
        there += EARLY_EXIT
    if shape.load is not None:
        there += LOADING
    for core, layout in enumerate(shape.counters):
        for index, name in enumerate(layout.members):
            address = FIRST_CORE + core * CORE_STEP + 8 * index
            there.append(Register(f"core_{core}.{name}", address, "r", f"{name} of core {core}", 2))
    return tuple(sorted(there, key=lambda register: register.address))


def address_bits(shape: AxiShape) -> int:
    """Width of an address."""
    return ceil_log2(FIRST_CORE + CORE_STEP * len(shape.counters))
