"""Prophesee's DAT files: records of 8 bytes behind a header of text."""

from pathlib import Path

import numpy as np

from tickless.sw.data.formats.decoded import Decoded, FileError, unwrapped, whole_records
from tickless.sw.data.formats.headers import header_size, text_header

__all__ = ["read"]

RECORD = 8
"""Bytes of an event: time, 4 bytes; x, 14 bits, y, 14, polarity, 4."""


def read(path: Path, raw: bytes) -> Decoded:
    """Decode a file: lines of header, type and size of its events, then the events, of which time
    is counted in 32 bits.

    Raises
    ------
    FileError
        If it has events of another kind, or none.
    """
    lines, start = text_header(path, raw, b"%")
    if len(raw) < start + 2 or raw[start + 1] != RECORD:
        got = list(raw[start : start + 2])
        raise FileError(path, start, f"type and size of the events, the size {RECORD}: got {got}")
    records, flaws = whole_records(raw, start + 2, RECORD)
    rows = np.frombuffer(records, [("t", "<u4"), ("place", "<u4")])
    if not len(rows):
        raise FileError(path, start + 2, f"events, but none is in {len(raw)} bytes")
    place = rows["place"]
    return Decoded(
        "DAT",
        unwrapped(rows["t"], 32),
        (place & 0x3FFF).astype(np.int32),
        (place >> 14 & 0x3FFF).astype(np.int32),
        (place >> 28 & 1).astype(bool),
        header_size(lines),
        flaws=tuple(flaws),
    ).in_order()
