"""ATIS files: recordings of five bytes an event, as N-MNIST's are."""

from pathlib import Path

import numpy as np
from tonic.datasets import NMNIST
from tonic.io import read_mnist_file

from tickless.sw.data.events import Events, EventsError
from tickless.sw.integer.geometry import Shape

__all__ = ["read"]

BYTES_PER_EVENT = 5


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
    rows = read_mnist_file(str(path), NMNIST.dtype)
    falls = np.flatnonzero(np.diff(rows["t"]) < 0)
    if len(falls):
        index = int(falls[0]) + 1
        # Offsets count the rows that tonic has taken out: they are found again by their y.
        kept = np.flatnonzero(np.frombuffer(raw, np.uint8)[1::BYTES_PER_EVENT] != 240)
        raise EventsError(
            f"{path}: offset {kept[index] * BYTES_PER_EVENT}: expected a time stamp of at least "
            f"{rows['t'][index - 1]} us, that of the event before, got {rows['t'][index]} us: the "
            "file is damaged or no ATIS recording"
        )
    channel, y, x = (rows[name].astype(np.int32) for name in ("p", "y", "x"))
    return Events(channel, y, x, rows["t"].astype(np.int64), sensor)
