"""Prophesee's RAW files: words of EVT 2.0, 2.1 and 3.0 behind a header of text.

The words are those of Prophesee's description of the encodings (docs.prophesee.ai, "Data encoding
formats"). Triggers and other words that are no events are left out. Each version has a function
that counts the events, so that no more memory is taken than they need, and one that fills them in.
"""

import re
from pathlib import Path

import numpy as np

from tickless.sw.compiled import compiled
from tickless.sw.data.formats.decoded import Decoded, FileError, whole_records
from tickless.sw.data.formats.headers import header_size, text_header

__all__ = ["read"]

ON, TIME_HIGH = 1, 8
"""Types of words of EVT 2.0 and 2.1; 0 is OFF."""

HALF_28 = 1 << 27
"""A high time that falls by more has wrapped."""


def read(path: Path, raw: bytes) -> Decoded:
    """Decode a file.

    Raises
    ------
    FileError
        If it is of another kind, or has no events.
    """
    lines, start = text_header(path, raw, b"%")
    version = _version(lines)
    if version not in _DECODERS:
        known = ", ".join(sorted(_DECODERS))
        raise FileError(path, 0, f"a header that says evt or format, one of {known}: got {version}")
    size, count, fill = _DECODERS[version]
    body, flaws = whole_records(raw, start, size)
    words = np.frombuffer(body, f"<u{size}")
    events = int(count(words))
    t_us, on = np.empty(events, np.int64), np.empty(events, np.bool_)
    x, y = np.empty(events, np.int32), np.empty(events, np.int32)
    skipped = int(fill(words, t_us, x, y, on))
    kept = events - skipped
    if not kept:
        raise FileError(path, start, f"events, but none is in {len(raw) - start} bytes")
    notes = (f"{skipped:,} events before the first time are left out",) if skipped else ()
    t_us, x, y, on = t_us[:kept], x[:kept], y[:kept], on[:kept]
    sensor = header_size(lines)
    return Decoded(f"EVT {version}", t_us, x, y, on, sensor, notes, tuple(flaws)).in_order()


def _version(lines: list[str]) -> str | None:
    for line in lines:
        if match := re.match(r"evt (\d\.\d)|format EVT(\d)(\d?)", line):
            return match[1] or f"{match[2]}.{match[3] or 0}"
    return None


def _count_2(words):
    count = 0
    for word in words:
        count += (word >> 28) <= ON
    return count


def _fill_2(words, t_us, x, y, on):
    """Fill in the events; returns how many came before the first time, which are left out."""
    place = skipped = 0
    high, wraps, timed = 0, 0, False
    for word in words:
        kind = word >> 28
        if kind <= ON:
            if timed:
                t_us[place] = ((wraps << 28) + high << 6) + (word >> 22 & 0x3F)
                x[place], y[place], on[place] = word >> 11 & 0x7FF, word & 0x7FF, kind
                place += 1
            else:
                skipped += 1
        elif kind == TIME_HIGH:
            value = np.int64(word & 0xFFFFFFF)
            wraps += timed and high - value > HALF_28
            high, timed = value, True
    return skipped


def _count_21(words):
    count = 0
    for word in words:
        if (word >> np.uint64(60)) <= ON:
            mask = word & np.uint64(0xFFFFFFFF)
            while mask:
                mask &= mask - np.uint64(1)
                count += 1
    return count


def _fill_21(words, t_us, x, y, on):
    """As `_fill_2`; a word has up to 32 events beside each other."""
    place = skipped = 0
    high, wraps, timed = 0, 0, False
    for word in words:
        kind = np.int64(word >> np.uint64(60))
        upper = np.int64(word >> np.uint64(32))
        if kind <= ON:
            time = ((wraps << 28) + high << 6) + (upper >> 22 & 0x3F)
            for bit in range(32):
                if np.int64(word & np.uint64(0xFFFFFFFF)) >> bit & 1:
                    if timed:
                        t_us[place], on[place] = time, kind
                        x[place], y[place] = (upper >> 11 & 0x7FF) + bit, upper & 0x7FF
                        place += 1
                    else:
                        skipped += 1
        elif kind == TIME_HIGH:
            value = upper & 0xFFFFFFF
            wraps += timed and high - value > HALF_28
            high, timed = value, True
    return skipped


def _count_3(words):
    """Events in the words, those before the first time included."""
    count = 0
    for word in words:
        kind = word >> 12
        if kind == 2:
            count += 1
        elif kind == 4 or kind == 5:
            mask = word & (0xFFF if kind == 4 else 0xFF)
            while mask:
                count += mask & 1
                mask >>= 1
    return count


def _fill_3(words, t_us, x, y, on):
    """As `_fill_2`; a time has 24 bits."""
    place = skipped = 0
    row = base = 0
    base_on = False
    high, low, wraps, timed = 0, 0, 0, False
    for word in words:
        kind, value = word >> 12, word & 0xFFF
        if kind == 0:
            row = value & 0x7FF
        elif kind == 2:
            if timed:
                t_us[place] = ((wraps * 4096 + high) * 4096) + low
                x[place], y[place], on[place] = value & 0x7FF, row, value >> 11
                place += 1
            else:
                skipped += 1
        elif kind == 3:
            base, base_on = value & 0x7FF, (value >> 11) != 0
        elif kind == 4 or kind == 5:
            width = 12 if kind == 4 else 8
            for bit in range(width):
                if value >> bit & 1:
                    if timed:
                        t_us[place] = ((wraps * 4096 + high) * 4096) + low
                        x[place], y[place], on[place] = base + bit, row, base_on
                        place += 1
                    else:
                        skipped += 1
            base += width
        elif kind == 6:
            low = value
        elif kind == 8:
            if timed and value < high and high - value > 2048:
                wraps += 1
            if value != high:
                low = 0
            high, timed = value, True
    return skipped


_DECODERS = {
    "2.0": (4, compiled(_count_2), compiled(_fill_2)),
    "2.1": (8, compiled(_count_21), compiled(_fill_21)),
    "3.0": (2, compiled(_count_3), compiled(_fill_3)),
}
"""Bytes of a word, and what counts and fills in the events, by version."""
