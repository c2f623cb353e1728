"""Prophesee's RAW files: words of EVT 2.0, 2.1 and 3.0 behind a header of text.

The words are those of Prophesee's description of the encodings (docs.prophesee.ai, "Data encoding
formats"). Triggers and other words that are no events are left out.
"""

import re
from pathlib import Path

import numpy as np

from tickless.sw.compiled import compiled
from tickless.sw.data.formats.decoded import Decoded, FileError, unwrapped, whole_records
from tickless.sw.data.formats.headers import header_size, text_header

__all__ = ["read"]

OFF, ON, TIME_HIGH = 0, 1, 8
"""Types of words of EVT 2.0 and 2.1."""


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
    size, decode = _DECODERS[version]
    words, notes = whole_records(raw, start, size)
    t_us, x, y, on, skipped = decode(np.frombuffer(words, f"<u{size}"))
    if not len(t_us):
        raise FileError(path, start, f"events, but none is in {len(raw) - start} bytes")
    if skipped:
        notes = [*notes, f"{skipped:,} events before the first time are left out"]
    decoded = Decoded(f"EVT {version}", t_us, x, y, on, header_size(lines), tuple(notes))
    return decoded.in_order()


def _version(lines: list[str]) -> str | None:
    for line in lines:
        if match := re.match(r"evt (\d\.\d)|format EVT(\d)(\d?)", line):
            return match[1] or f"{match[2]}.{match[3] or 0}"
    return None


def _times(kind: np.ndarray, high: np.ndarray, low: np.ndarray, events: np.ndarray):
    """Time of each event by the last word of time before it, and how many have none."""
    at = np.flatnonzero(kind == TIME_HIGH)
    if not len(at):
        return np.zeros(0, np.int64), events[:0], len(events)
    before = np.searchsorted(at, events) - 1
    known = before >= 0
    counts = unwrapped(high[at], 28) << 6
    return counts[before[known]] + low[events[known]], events[known], int((~known).sum())


def _evt2(words: np.ndarray):
    kind = (words >> 28).astype(np.uint8)
    events = np.flatnonzero(kind <= ON)
    t_us, events, skipped = _times(kind, words & 0xFFFFFFF, (words >> 22) & 0x3F, events)
    chosen = words[events]
    x, y = ((chosen >> 11) & 0x7FF).astype(np.int32), (chosen & 0x7FF).astype(np.int32)
    return t_us, x, y, kind[events] == ON, skipped


def _evt21(words: np.ndarray):
    kind = (words >> np.uint64(60)).astype(np.uint8)
    groups = np.flatnonzero(kind <= ON)
    high = ((words >> np.uint64(32)) & np.uint64(0xFFFFFFF)).astype(np.uint32)
    low = ((words >> np.uint64(54)) & np.uint64(0x3F)).astype(np.uint32)
    times, groups, skipped = _times(kind, high, low, groups)
    chosen = words[groups]
    valid = (chosen & np.uint64(0xFFFFFFFF)).astype("<u4").view(np.uint8).reshape(-1, 4)
    group, place = np.nonzero(np.unpackbits(valid, axis=1, bitorder="little"))
    base = ((chosen >> np.uint64(43)) & np.uint64(0x7FF)).astype(np.int32)
    row = ((chosen >> np.uint64(32)) & np.uint64(0x7FF)).astype(np.int32)
    x = base[group] + place.astype(np.int32)
    return times[group], x, row[group], (kind[groups] == ON)[group], skipped


def _evt3(words: np.ndarray):
    count = int(_count_evt3(words))
    t_us, on = np.empty(count, np.int64), np.empty(count, np.bool_)
    x, y = np.empty(count, np.int32), np.empty(count, np.int32)
    skipped = int(_decode_evt3(words, t_us, x, y, on))
    kept = count - skipped
    return t_us[:kept], x[:kept], y[:kept], on[:kept], skipped


def _count(words):
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


def _decode(words, t_us, x, y, on):
    """Fill in the events; returns how many came before the first time, which are left out."""
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


_count_evt3, _decode_evt3 = compiled(_count), compiled(_decode)

_DECODERS = {"2.0": (4, _evt2), "2.1": (8, _evt21), "3.0": (2, _evt3)}
"""Bytes of a word and its decoder, by version."""
