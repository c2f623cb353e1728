"""AEDAT 2.0 and 3.1 files: addresses and times behind a header of text."""

import re
from array import array
from pathlib import Path

import numpy as np

from tickless.sw.data.formats.decoded import Decoded, FileError, unwrapped, whole_records
from tickless.sw.data.formats.headers import text_header

__all__ = ["CHIPS", "read_2", "read_3"]

CHIPS = {"dvs128": (128, 128), "davis240": (240, 180), "davis346": (346, 260)}
"""Width and height of the cameras whose addresses are known."""

DVS128_BITS = 15
"""Of an address of a DVS128; those of a DAVIS are wider."""

HEADER_END = "END-HEADER"

POLARITY = 1
"""Type of the packets of AEDAT 3.1 with events of a pixel."""

PACKET_HEADER = np.dtype(
    [
        ("type", "<u2"),
        ("source", "<u2"),
        ("size", "<u4"),
        ("time_offset", "<u4"),
        ("overflow", "<u4"),
        ("capacity", "<u4"),
        ("number", "<u4"),
        ("valid", "<u4"),
    ]
)


def read_2(path: Path, raw: bytes, chip: str | None = None) -> Decoded:
    """Decode AEDAT 2.0: addresses and microseconds, 4 bytes each, big endian.

    How an address is made depends on the camera (jAER's classes DVS128 and DavisBaseCamera).

    Parameters
    ----------
    chip : str, optional
        One of `CHIPS`; without it that of the header, or a DVS128's where no address is wider.

    Raises
    ------
    FileError
        If the camera is unknown, or there are no events.
    """
    lines, start = text_header(path, raw, b"#")
    records, flaws = whole_records(raw, start, 8)
    notes: list[str] = []
    rows = np.frombuffer(records, [("address", ">u4"), ("t", ">u4")])
    if not len(rows):
        raise FileError(path, start, f"events, but none is in {len(raw)} bytes")
    address = rows["address"].astype(np.uint32)
    chip = chip or _chip(lines)
    if chip is None:
        if int(address.max()) >> DVS128_BITS:
            raise FileError(path, 0, f"a camera: give --chip, one of {', '.join(CHIPS)}")
        chip = "dvs128"
        notes.append("no camera is named: addresses are taken for a DVS128's")
    width, height = CHIPS[chip]
    if chip == "dvs128":
        chosen = address >> DVS128_BITS == 0
        x, y, on = address >> 1 & 0x7F, address >> 8 & 0x7F, address & 1 == 0
    else:
        chosen = address >> 31 == 0
        x, y, on = address >> 12 & 0x3FF, address >> 22 & 0x1FF, address >> 11 & 1
    # Columns count from the right there, and rows from below.
    x, y = width - 1 - x.astype(np.int32), height - 1 - y.astype(np.int32)
    chosen &= (x >= 0) & (y >= 0)
    if not chosen.any():
        raise FileError(path, start, f"events of pixels, but all {len(rows)} are of other kinds")
    if not chosen.all():
        left = int((~chosen).sum())
        notes.append(f"{left:,} words that are no events of pixels are left out")
        x, y, on = x[chosen], y[chosen], on[chosen]
    t_us = unwrapped(rows["t"] if chosen.all() else rows["t"][chosen], 32)
    name = f"AEDAT 2.0 ({chip})"
    return Decoded(
        name, t_us, x, y, on.astype(bool), (width, height), tuple(notes), tuple(flaws)
    ).in_order()


def read_3(path: Path, raw: bytes) -> Decoded:
    """Decode AEDAT 3.1: packets, of which those of polarity events count.

    A packet is a header of 28 bytes and its events, of 8 bytes: bit 0 says that one is valid, bit 1
    is the polarity, then 15 bits of y and 15 of x; then the time (iniVation's description of
    AEDAT 3.1).

    Raises
    ------
    FileError
        If a packet's header is not sound, or there are no events.
    """
    end = raw.find(f"#!{HEADER_END}".encode())
    offset = raw.find(b"\n", end) + 1
    if end < 0 or not offset:
        raise FileError(path, 0, f"a line #!{HEADER_END} behind the header")
    start, flaws, places = offset, [], array("q")
    while offset < len(raw):
        if offset + PACKET_HEADER.itemsize > len(raw):
            flaws.append(f"offset {offset}: a packet's header is cut")
            break
        (header,) = np.frombuffer(raw, PACKET_HEADER, 1, offset)
        body = offset + PACKET_HEADER.itemsize
        length = int(header["size"]) * int(header["capacity"])
        if header["number"] > header["capacity"] or header["size"] == 0:
            raise FileError(path, offset, "a packet's header, with no more events than its room")
        if header["type"] == POLARITY:
            if header["size"] != 8:
                raise FileError(path, offset, f"events of 8 bytes, got {header['size']}")
            count = min(int(header["number"]), (len(raw) - body) // 8)
            if count:
                places.extend((body, count, int(header["overflow"])))
            if count < header["number"]:
                flaws.append(f"offset {body + 8 * count}: a packet's end is cut")
        offset = body + length
    total = sum(places[1::3])
    if not total:
        raise FileError(path, start, f"events of pixels, but none is in {len(raw) - start} bytes")
    data, t_us, done = np.empty(total, np.uint32), np.empty(total, np.int64), 0
    for body, count, wraps in zip(places[::3], places[1::3], places[2::3], strict=True):
        rows = np.frombuffer(raw, [("data", "<u4"), ("t", "<u4")], count, body)
        data[done : done + count] = rows["data"]
        t_us[done : done + count] = rows["t"] + np.int64(wraps << 31)
        done += count
    notes, valid = (), data & 1 == 1
    if not valid.all():
        notes = (f"{int((~valid).sum()):,} events marked as invalid are left out",)
        data, t_us = data[valid], t_us[valid]
        if not len(data):
            raise FileError(path, start, "events that are marked as valid, but none is")
    x, y = (data >> 17).astype(np.int32), (data >> 2 & 0x7FFF).astype(np.int32)
    on = data >> 1 & 1 == 1
    return Decoded("AEDAT 3.1", t_us, x, y, on, None, notes, tuple(flaws)).in_order()


def _chip(lines: list[str]) -> str | None:
    for line in lines:
        if match := re.search(r"\b(DVS128|DAVIS240|DAVIS346)", line, re.IGNORECASE):
            return match[1].lower()
    return None
