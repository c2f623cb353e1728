"""Prophesee's DAT files: records of 8 bytes behind a header of text."""

import re
from pathlib import Path

import numpy as np

from tickless.sw.data.formats.decoded import Decoded, FileError, unwrapped, whole_records
from tickless.sw.data.formats.headers import header_size, text_header

__all__ = ["read"]

RECORD = 8
"""Bytes of an event: time, 4 bytes; x, y and polarity, as of `PLACES`."""

KINDS = (0x00, 0x0C)
"""Types of events that a camera's pixels send; others are triggers."""

PLACES = {1: (9, 8, 17), 2: (14, 14, 28)}
"""Bits of x and of y, and place of the polarity's, by the version of the format."""


def read(path: Path, raw: bytes) -> Decoded:
    """Decode a file: lines of header, type and size of its events, then the events, of which time
    is counted in 32 bits.

    Raises
    ------
    FileError
        If it has events of another kind, or none, or neither says nor shows its version.
    """
    lines, start = text_header(path, raw, b"%")
    if len(raw) < start + 2 or raw[start + 1] != RECORD:
        got = list(raw[start : start + 2])
        raise FileError(path, start, f"type and size of the events, the size {RECORD}: got {got}")
    if raw[start] not in KINDS:
        kinds = " or ".join(map(str, KINDS))
        raise FileError(path, start, f"events of a camera, of type {kinds}: got {raw[start]}")
    records, flaws = whole_records(raw, start + 2, RECORD)
    rows = np.frombuffer(records, [("t", "<u4"), ("place", "<u4")])
    if not len(rows):
        raise FileError(path, start + 2, f"events, but none is in {len(raw)} bytes")
    place = rows["place"]
    x_bits, y_bits, polarity = PLACES[_version(path, lines, place)]
    return Decoded(
        "DAT",
        unwrapped(rows["t"], 32),
        (place & (1 << x_bits) - 1).astype(np.int32),
        (place >> x_bits & (1 << y_bits) - 1).astype(np.int32),
        (place >> polarity & 1).astype(bool),
        header_size(lines),
        flaws=tuple(flaws),
    ).in_order()


def _version(path: Path, lines: list[str], place: np.ndarray) -> int:
    """Version by the header; where it states none, 2 if some event is one of no other version."""
    for line in lines:
        if match := re.match(r"Version\s+(\S+)", line, re.IGNORECASE):
            if match[1] not in map(str, PLACES):
                raise FileError(path, 0, f"DAT of version 1 or 2: got {match[1]}")
            return int(match[1])
    if not (place >> PLACES[1][2] + 1).any():
        raise FileError(path, 0, "its version in the header, as a line % Version 2: there is none")
    return 2
