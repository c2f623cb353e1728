"""ATIS files: recordings of five bytes an event, as N-MNIST's are."""

from pathlib import Path

import numpy as np

from tickless.sw.data.events import Events, EventsError
from tickless.sw.integer.geometry import Shape

__all__ = ["read"]

BYTES_PER_EVENT = 5

OVERFLOW_ROW, OVERFLOW_US = 240, 1 << 13
"""An event in that row is none: it adds so much to all times behind it."""


def read(path: Path | str, sensor: Shape) -> Events:
    """Read one recording.

    Five bytes an event: x, y, then polarity (1 bit) and microseconds (23 bits), big endian; an
    event with y = 240 only adds 2^13 us to all that follow (Orchard et al. 2015). Events outside
    the sensor stay in the list.

    Parameters
    ----------
    sensor : Shape
        Extent ``(polarities, height, width)`` of the camera.

    Raises
    ------
    EventsError
        If the file is missing, empty, cut short, or its time stamps fall; the message names the
        file, the byte offset and what was expected.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise EventsError(f"{path}: cannot be read: {error.strerror}") from None
    if not raw:
        raise EventsError(
            f"{path}: the file is empty: expected {BYTES_PER_EVENT} bytes for each event"
        )
    whole = len(raw) - len(raw) % BYTES_PER_EVENT
    if whole != len(raw):
        raise EventsError(
            f"{path}: offset {whole}: expected {BYTES_PER_EVENT} bytes of an event, "
            f"got {len(raw) - whole}: the file is cut short or no ATIS recording"
        )
    rows = np.frombuffer(raw, np.uint8).reshape(-1, BYTES_PER_EVENT)
    kept = rows[:, 1] != OVERFLOW_ROW
    times = rows[kept, 2].astype(np.int64) & 0x7F
    for byte in (3, 4):
        times <<= 8
        times |= rows[kept, byte]
    overflows = np.cumsum(~kept, dtype=np.uint32)[kept]
    times += overflows.astype(np.int64) * OVERFLOW_US
    falls = np.flatnonzero(times[1:] < times[:-1])
    if len(falls):
        index = int(falls[0]) + 1
        # Offsets count the overflows, too.
        place = np.flatnonzero(kept)[index]
        raise EventsError(
            f"{path}: offset {place * BYTES_PER_EVENT}: expected a time stamp of at least "
            f"{times[index - 1]} us, that of the event before, got {times[index]} us: the "
            "file is damaged or no ATIS recording"
        )
    channel = (rows[kept, 2] >> 7).astype(np.int32)
    y, x = (rows[kept, place].astype(np.int32) for place in (1, 0))
    return Events(channel, y, x, times, sensor)
