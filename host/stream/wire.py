"""Events in datagrams, as AEStream and faery send them.

Sources, all on github.com: aestream/aestream, ``src/output/dvs_to_udp.cpp``, which sends the words
of SpiNNakerManchester/spif, ``spiffer/README.md``, each followed by a time stamp where its highest
bit is 0; aestream/faery, ``docs/inputs/udp.md`` and ``python/faery/udp_encoder.py``. Numbers come
lowest byte first: AEStream sends them as its machine has them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tickless.sw.data.formats.decoded import Decoded
from tickless.sw.data.formats.tables import FARTHEST

__all__ = ["FORMATS", "WIRES", "Datagrams", "Decoder", "Wire"]

LATEST_US = 1 << 62
"""No time stamp is as large: whatever says so is none."""

ABSENT, ON = 1 << 31, 1 << 15
"""Bits of AEStream's word: no time stamp follows; ON. Above ON lies x, below it y."""

Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""x, y, ON, and whether there is such an event."""


@dataclass(frozen=True)
class Wire:
    """Form of the events of a datagram.

    Members
    -------
    dtype : numpy.dtype
        An event's fields; a time stamp is called ``t``.
    read : callable
        Columns of events.
    write : callable
        Fills the fields of events, but for ``t``, from x, y and ON.
    events : int
        Events of a datagram, as its program sends them.
    """

    dtype: np.dtype
    read: Callable[[np.ndarray], Columns]
    write: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]
    events: int

    @property
    def time_bits(self) -> int | None:
        """Width of the time stamps, in microseconds; None where there are none."""
        names = self.dtype.names or ()
        return 8 * self.dtype["t"].itemsize if "t" in names else None

    def encode(self, events: Decoded) -> np.ndarray:
        """Events as the bytes of a datagram have them, in a record each."""
        records = np.zeros(len(events), self.dtype)
        self.write(records, events.x, events.y, events.on)
        if self.time_bits is not None:
            records["t"] = events.t_us  # of longer ones the lowest bits, as theirs do
        return records


def _read_words(flag: int) -> Callable[[np.ndarray], Columns]:
    def read(events: np.ndarray) -> Columns:
        word = events["word"]
        return word >> 16 & 0x7FFF, word & 0x7FFF, word & ON > 0, word & ABSENT == flag

    return read


def _write_words(flag: int) -> Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]:
    def write(records: np.ndarray, x: np.ndarray, y: np.ndarray, on: np.ndarray) -> None:
        records["word"] = flag | x.astype(np.int64) << 16 | on * ON | y

    return write


def _read_bytes(events: np.ndarray) -> Columns:
    return events["x"], events["y"], events["on"] > 0, events["on"] <= 1


def _write_bytes(records: np.ndarray, x: np.ndarray, y: np.ndarray, on: np.ndarray) -> None:
    records["x"], records["y"], records["on"] = x, y, on


def _read_bits(events: np.ndarray) -> Columns:
    return events["x"], events["y"] >> 1, events["y"] & 1 > 0, np.ones(len(events), bool)


def _write_bits(records: np.ndarray, x: np.ndarray, y: np.ndarray, on: np.ndarray) -> None:
    records["x"], records["y"] = x, y << 1 | on


def _fields(**types: str) -> np.dtype:
    return np.dtype(list(types.items()))


WIRES = {
    "aestream": Wire(_fields(word="<u4"), _read_words(ABSENT), _write_words(ABSENT), 128),
    "aestream-stamped": Wire(_fields(word="<u4", t="<u4"), _read_words(0), _write_words(0), 64),
    "t64_x16_y16_on8": Wire(
        _fields(t="<u8", x="<u2", y="<u2", on="u1"), _read_bytes, _write_bytes, 100
    ),
    "t32_x16_y15_on1": Wire(_fields(t="<u4", x="<u2", y="<u2"), _read_bits, _write_bits, 100),
}
"""Forms by name; faery's are its own names."""

FORMATS = {
    "aestream": ("aestream", "aestream-stamped"),
    "t64_x16_y16_on8": ("t64_x16_y16_on8",),
    "t32_x16_y15_on1": ("t32_x16_y15_on1",),
}
"""Forms that a stream of a format may have; its first datagram tells which."""


@dataclass(frozen=True)
class Datagrams:
    """Datagrams in the order of their arrival.

    Members
    -------
    content : memoryview
        Their bytes, one behind the other.
    sizes : sequence of int
        Bytes of each.
    arrived_s : sequence of float
        When each was taken, by `time.monotonic`.
    """

    content: memoryview
    sizes: Sequence[int]
    arrived_s: Sequence[float]


class Decoder:
    """Decoder of a stream of datagrams, which drops and counts those that are none of the format.

    A datagram is taken whole or not at all: it holds a whole number of events, at least one, of the
    form of the stream's first, and all of them are possible ones.

    Parameters
    ----------
    name : str
        One of `FORMATS`.

    Members
    -------
    wire : Wire or None
        Form of the stream's events; None before the first sound datagram of a format with several.
    malformed : int
        Datagrams dropped.
    """

    def __init__(self, name: str):
        self._wires = [WIRES[wire] for wire in FORMATS[name]]
        self.wire = self._wires[0] if len(self._wires) == 1 else None
        self.malformed = 0

    def decode(self, datagrams: Datagrams) -> Decoded:
        """Events of datagrams. Where they have no time stamps, the times are those of arrival."""
        sizes = np.array(datagrams.sizes, np.int64)
        ends = np.cumsum(sizes)
        if self.wire is None:
            self.wire = self._first_form(datagrams.content, sizes, ends)
        if self.wire is None:
            self.malformed += len(sizes)
            return _decoded(*(np.zeros(0, np.int64),) * 4)
        size = self.wire.dtype.itemsize
        whole = (sizes > 0) & (sizes % size == 0)
        content = datagrams.content[: int(sizes.sum())]
        if not whole.all():
            places = zip((ends - sizes)[whole].tolist(), ends[whole].tolist(), strict=True)
            content = b"".join(content[start:end] for start, end in places)
        events = np.frombuffer(content, self.wire.dtype)
        owner = np.repeat(np.flatnonzero(whole), sizes[whole] // size)
        x, y, on, sound = self.wire.read(events)
        sound = sound & (x < FARTHEST) & (y < FARTHEST)
        if self.wire.time_bits is None:
            t_us = (np.array(datagrams.arrived_s) * 1e6).astype(np.int64)[owner]
        else:
            sound &= events["t"] < LATEST_US
            t_us = events["t"]
        good = whole
        if not sound.all():
            good = whole.copy()
            good[owner[~sound]] = False
            kept = good[owner]
            t_us, x, y, on = t_us[kept], x[kept], y[kept], on[kept]
        self.malformed += len(sizes) - int(good.sum())
        return _decoded(t_us, x, y, on)

    def _first_form(self, content: memoryview, sizes: np.ndarray, ends: np.ndarray) -> Wire | None:
        """Form of the first datagram that has one."""
        for size, end in zip(sizes.tolist(), ends.tolist(), strict=True):
            for wire in self._wires:
                if size and size % wire.dtype.itemsize == 0:
                    events = np.frombuffer(content[end - size : end], wire.dtype)
                    if wire.read(events)[3].all():
                        return wire
        return None


def _decoded(t_us: np.ndarray, x: np.ndarray, y: np.ndarray, on: np.ndarray) -> Decoded:
    return Decoded(
        "UDP", t_us.astype(np.int64), x.astype(np.int32), y.astype(np.int32), on.astype(bool)
    )
