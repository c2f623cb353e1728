"""AEDAT 4 files: packets of events, as CIFAR10-DVS comes from tonic."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aedat
import numpy as np

from tickless.sw.data.events import Events, EventsError
from tickless.sw.data.formats.decoded import Decoded, FileError
from tickless.sw.integer.geometry import Shape

__all__ = ["MAGIC", "decode", "read"]

MAGIC = b"#!AER-DAT4.0\r\n"

UNKNOWN = -1
"""Place of the data table behind the packets in a file without one."""


NO_EVENTS = np.zeros(0, [("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("on", "?")])

LATEST_US = 1 << 52
"""Latest time stamp since 1970 that is taken for one: a century."""


def read(path: Path | str, sensor: Shape) -> Events:
    """Read the first stream of events of one recording.

    A line of text, a header, then packets, perhaps compressed: stream and length, 4 bytes each,
    and the content (iniVation's description of AEDAT 4.0). Time counts from the first event. Time
    stamps order the events; equal ones keep the file's order.

    Parameters
    ----------
    sensor : Shape
        Extent ``(polarities, height, width)`` of the camera. Events outside it stay in the list.

    Raises
    ------
    EventsError
        If the file is missing, cut short or damaged; the message names the file, the byte offset
        and what was expected.
    """
    rows, _ = _rows(Path(path))
    rows = rows[np.argsort(rows["t"], kind="stable")]
    channel, y, x = (rows[name].astype(np.int32) for name in ("on", "y", "x"))
    return Events(channel, y, x, (rows["t"] - rows["t"][:1]).astype(np.int64), sensor)


def decode(path: Path) -> Decoded:
    """The same events as the file has them, with the sensor that its header states.

    Raises
    ------
    EventsError
        As of `read`, or if there are no events.
    """
    rows, size = _rows(path)
    if not len(rows):
        raise FileError(path, len(MAGIC), "events of a camera, but there is none")
    x, y = rows["x"].astype(np.int32), rows["y"].astype(np.int32)
    t_us = rows["t"].astype(np.int64)
    return Decoded("AEDAT 4.0", t_us, x, y, rows["on"].astype(bool), size).in_order()


def _rows(path: Path) -> tuple[np.ndarray, tuple[int, int]]:
    """Events of the first stream, and width and height of its sensor."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EventsError(f"{path}: cannot be read: {error.strerror}") from None
    offsets = _packets(path, raw)
    with _decoding(path, len(MAGIC), "a header"):
        decoder = aedat.Decoder(path)
    streams = [key for key, each in decoder.id_to_stream().items() if each["type"] == "events"]
    if not streams:
        raise _damaged(path, len(MAGIC), "a header that names a stream of events")
    parts = []
    for offset in offsets:
        with _decoding(path, offset, "a packet of a stream"):
            packet = next(decoder)
        if packet["stream_id"] != min(streams):
            continue
        parts.append(packet["events"])
        if (latest := parts[-1]["t"].max(initial=0)) > LATEST_US:
            raise _damaged(path, offset, f"time stamps up to {LATEST_US} us, got {latest}")
    stream = decoder.id_to_stream()[min(streams)]
    rows = np.concatenate(parts) if parts else NO_EVENTS
    return rows, (int(stream["width"]), int(stream["height"]))


def _packets(path: Path, raw: bytes) -> list[int]:
    """Offset of each packet, after a check that the header is sound and all packets are there."""
    if not raw.startswith(MAGIC):
        raise _damaged(path, 0, f"{MAGIC!r}, got {raw[: len(MAGIC)]!r}")
    start = len(MAGIC) + 4
    length = int.from_bytes(raw[len(MAGIC) : start], "little")
    header, offset = raw[start : start + length], start + length
    if len(raw) < offset:
        raise _damaged(path, start, f"a header of {length} bytes, got {len(header)}")
    try:
        end = _data_position(header)
    except (struct.error, ValueError) as error:
        raise _damaged(path, start, f"the header's table, but {error}") from None
    if end == UNKNOWN:
        end = len(raw)
    if not offset <= end <= len(raw):
        raise _damaged(path, start, f"packets up to offset {offset}..{len(raw)}, got {end}")
    offsets = []
    while offset < end:
        length = int.from_bytes(raw[offset + 4 : offset + 8], "little")
        if offset + 8 + length > end:
            raise _damaged(path, offset, f"8 + {length} bytes of a packet, got {end - offset}")
        offsets.append(offset)
        offset += 8 + length
    return offsets


def _data_position(header: bytes) -> int:
    """Offset in the file behind the last packet, or `UNKNOWN`.

    The decoder trusts the offsets and the text in this FlatBuffers table and may abort on damaged
    ones, so they are checked here: `struct.error` or `ValueError` if they cannot be.
    """
    (table,) = struct.unpack_from("<I", header)
    vtable = table - struct.unpack_from("<i", header, table)[0]
    if vtable < 0:
        raise ValueError(f"its index is at {vtable}")
    entries = max(0, struct.unpack_from("<H", header, vtable)[0] - 4) // 2
    places = struct.unpack_from(f"<{entries}H", header, vtable + 4)
    values = [
        struct.unpack_from(form, header, table + place)[0] if place else None
        for form, place in zip(("<i", "<q", "<I"), places, strict=False)
    ]
    if len(values) < 3 or values[2] is None:
        raise ValueError("it has no description")
    text = table + places[2] + values[2]
    (length,) = struct.unpack_from("<I", header, text)
    if text + 4 + length > len(header):
        raise ValueError(f"its description has {length} bytes")
    header[text + 4 : text + 4 + length].decode()
    return UNKNOWN if values[1] is None else values[1]


@contextmanager
def _decoding(path: Path, offset: int, expected: str) -> Iterator[None]:
    """Turn what the decoder reports into an error that names the place."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # on some damage it panics, which is no Exception
        raise _damaged(path, offset, f"{expected}, but {error}") from None


def _damaged(path: Path, offset: int, expected: str) -> EventsError:
    return EventsError(
        f"{path}: offset {offset}: expected {expected}: the file is cut short, damaged, or no "
        "recording in AEDAT 4"
    )
