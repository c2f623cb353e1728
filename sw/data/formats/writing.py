"""Files of events, written in the common formats."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from tickless.errors import InputError
from tickless.sw.atomic_write import atomic_write
from tickless.sw.data.formats.decoded import Decoded

__all__ = ["WRITERS", "write"]

ROW = np.dtype([("t", "<i8"), ("x", "<i4"), ("y", "<i4"), ("p", "u1")])

ATIS_OVERFLOW_US = 1 << 13
"""Time that an ATIS event in row 240 adds."""


def write(decoded: Decoded, path: Path) -> None:
    """Write events in the format of the name's end, all of the file or nothing.

    Raises
    ------
    InputError
        If the name's end is no known one, or the format has no room for an event.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        known = ", ".join(f"*{suffix}" for suffix in WRITERS)
        raise InputError(f"{path}: expected a name that ends as one of {known}")
    with atomic_write(path) as unfinished:
        writer(decoded, unfinished, path)


def _rows(decoded: Decoded) -> np.ndarray:
    rows = np.empty(len(decoded), ROW)
    columns = (decoded.t_us, decoded.x, decoded.y, decoded.on)
    for name, column in zip(ROW.names or (), columns, strict=True):
        rows[name] = column
    return rows


def _npy(decoded: Decoded, unfinished: Path, path: Path) -> None:
    with unfinished.open("wb") as file:
        np.save(file, _rows(decoded))


def _csv(decoded: Decoded, unfinished: Path, path: Path) -> None:
    rows = np.stack([decoded.t_us, decoded.x, decoded.y, decoded.on.astype(np.int64)], axis=1)
    np.savetxt(unfinished, rows, "%d", ",", header="t,x,y,p", comments="")


def _hdf5(decoded: Decoded, unfinished: Path, path: Path) -> None:
    with h5py.File(unfinished, "w") as file:
        for name, column in zip("txyp", (_rows(decoded)[name] for name in "txyp"), strict=True):
            file[f"events/{name}"] = column


def _dat(decoded: Decoded, unfinished: Path, path: Path) -> None:
    _room(path, decoded, 1 << 14, 1 << 14)
    header = ["% Data file containing CD events.", "% Version 2"]
    if decoded.size is not None:
        header += [f"% Width {decoded.size[0]}", f"% Height {decoded.size[1]}"]
    rows = np.empty(len(decoded), [("t", "<u4"), ("place", "<u4")])
    rows["t"] = (decoded.t_us - decoded.t_us[:1]).astype(np.uint64) & 0xFFFFFFFF
    rows["place"] = decoded.x | decoded.y.astype(np.uint32) << 14 | decoded.on.astype("u4") << 28
    text = "".join(f"{line}\n" for line in header).encode()
    unfinished.write_bytes(text + bytes([0, 8]) + rows.tobytes())


def _evt2(decoded: Decoded, unfinished: Path, path: Path) -> None:
    _room(path, decoded, 1 << 11, 1 << 11)
    header = ["% evt 2.0"]
    if decoded.size is not None:
        header.append(f"% geometry {decoded.size[0]}x{decoded.size[1]}")
    t_us = decoded.t_us - decoded.t_us[:1]
    high = t_us >> 6
    first = np.flatnonzero(np.diff(high, prepend=-1))
    words = (
        decoded.on.astype(np.uint32) << 28
        | (t_us & 0x3F).astype(np.uint32) << 22
        | decoded.x.astype(np.uint32) << 11
        | decoded.y.astype(np.uint32)
    )
    times = (high[first] & 0xFFFFFFF).astype(np.uint32) | np.uint32(8 << 28)
    text = "".join(f"{line}\n" for line in header).encode()
    unfinished.write_bytes(text + np.insert(words, first, times).astype("<u4").tobytes())


def _atis(decoded: Decoded, unfinished: Path, path: Path) -> None:
    _room(path, decoded, 256, 240)
    t_us = decoded.t_us - decoded.t_us[:1]
    steps = np.diff(t_us // ATIS_OVERFLOW_US, prepend=0)
    low = t_us % ATIS_OVERFLOW_US
    rows = np.zeros((len(decoded), 5), np.uint8)
    rows[:, 0], rows[:, 1] = decoded.x, decoded.y
    rows[:, 2] = decoded.on.astype(np.uint8) << 7 | (low >> 16).astype(np.uint8)
    rows[:, 3], rows[:, 4] = low >> 8 & 0xFF, low & 0xFF
    overflow = np.array([0, 240, 0, 0, 0], np.uint8)
    whole = np.insert(rows, np.repeat(np.arange(len(rows)), steps), overflow, axis=0)
    unfinished.write_bytes(whole.tobytes())


def _room(path: Path, decoded: Decoded, width: int, height: int) -> None:
    if len(decoded) and (decoded.x.max() >= width or decoded.y.max() >= height):
        place = int(decoded.x.max()), int(decoded.y.max())
        raise InputError(
            f"{path}: the format has room for {width}x{height} pixels: got one at {place}"
        )


WRITERS: dict[str, Callable[[Decoded, Path, Path], None]] = {
    ".npy": _npy,
    ".csv": _csv,
    ".h5": _hdf5,
    ".dat": _dat,
    ".raw": _evt2,
    ".bin": _atis,
}
"""By the end of a file's name."""
