"""Event Stream files (``.es``), version 2, of DVS events."""

from pathlib import Path

import numpy as np

from tickless.sw.compiled import compiled
from tickless.sw.data.formats.decoded import Decoded, FileError

__all__ = ["MAGIC", "read"]

MAGIC = b"Event Stream"

HEADER = len(MAGIC) + 8
"""Bytes: the magic, version (3), type (1), width (2), height (2)."""

LARGEST = 1 << 14
"""Columns and rows of a sensor."""

KINDS = {0: "generic", 1: "DVS", 2: "ATIS", 3: "asynchronous colour", 4: "colour"}


def read(path: Path, raw: bytes) -> Decoded:
    """Decode a file: five bytes an event, as https://github.com/neuromorphicsystems/event_stream
    describes them. Its rows count from below, those of a `Decoded` from above.

    Raises
    ------
    FileError
        If it has events of another kind, or none.
    """
    if len(raw) < HEADER:
        raise FileError(path, len(raw), f"a header of {HEADER} bytes, but the file ends")
    version, kind = tuple(raw[12:15]), raw[15]
    if version[0] != 2:
        raise FileError(path, 12, f"version 2, got {'.'.join(map(str, version))}")
    if kind != 1:
        raise FileError(path, 15, f"DVS events, got {KINDS.get(kind, kind)} ones")
    size = int.from_bytes(raw[16:18], "little"), int.from_bytes(raw[18:20], "little")
    if not 0 < min(size) <= max(size) <= LARGEST:
        raise FileError(path, 16, f"width and height of 1..{LARGEST}, got {size}")
    body = np.frombuffer(raw, np.uint8, offset=HEADER)
    most = len(body) // 5
    t_us, on = np.empty(most, np.int64), np.empty(most, np.bool_)
    x, y = np.empty(most, np.int32), np.empty(most, np.int32)
    count, used = map(int, _decode_stream(body, t_us, x, y, on))
    if not count:
        raise FileError(path, HEADER, f"events, but none is in {len(body)} bytes")
    flaws: tuple[str, ...] = ()
    if used != len(body):
        at, left = HEADER + used, len(body) - used
        flaws = (f"offset {at}: {left} bytes of an event of 5: the end is cut",)
    parts = (t_us[:count], x[:count], size[1] - 1 - y[:count], on[:count])
    return Decoded(f"Event Stream {'.'.join(map(str, version))}", *parts, size, flaws=flaws)


def _decode(body, t_us, x, y, on):
    """Fill in the events; returns their number and the bytes that they took."""
    time = place = index = 0
    while index < len(body):
        head = body[index]
        if head >= 0xFE:  # no event: time alone
            time += 127
            index += 1
        elif index + 5 > len(body):
            break
        else:
            time += head >> 1
            t_us[place], on[place] = time, head & 1
            x[place] = body[index + 1] | np.int32(body[index + 2]) << 8
            y[place] = body[index + 3] | np.int32(body[index + 4]) << 8
            place += 1
            index += 5
    return place, index


_decode_stream = compiled(_decode)
