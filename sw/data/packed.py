"""Packed samples: the events of many samples in a few arrays, in memory or mapped from disk."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import current_process
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock, Timeout

from tickless.errors import InputError
from tickless.sw.data.events import Events
from tickless.sw.integer.geometry import Shape

__all__ = ["Packed", "pack", "pack_on_disk"]

LONGEST_US = 2**31 - 1
"""Longest sample: 35 minutes."""


@dataclass(frozen=True, eq=False)
class Packed:
    """Labelled samples, one behind the other.

    Members
    -------
    addresses : numpy.ndarray
        int16 ``[events, 3]``: rows ``(channel, y, x)``, all on the sensor.
    times : numpy.ndarray
        int32 ``[events]``: microseconds since the first event of the sample.
    starts : numpy.ndarray
        int64 ``[samples + 1]``: place of each sample's first event, and the number of events.
    labels : numpy.ndarray
        int64 ``[samples]``.
    dropped : numpy.ndarray
        int64 ``[samples]``: events outside the sensor, which are left out.
    """

    addresses: np.ndarray
    times: np.ndarray
    starts: np.ndarray
    labels: np.ndarray
    dropped: np.ndarray

    def __post_init__(self):
        for array in (self.addresses, self.times, self.starts, self.labels, self.dropped):
            array.flags.writeable = False


def pack(samples: Iterable[tuple[Events, int]], sensor: Shape) -> Packed:
    """Pack samples, at least one, in memory; events outside the sensor are left out.

    Raises
    ------
    InputError
        If there is no sample, or one has another sensor or is too long; the message says which.
    """
    addresses, times, labels, dropped = [], [], [], []
    for rows, since, label, outside in _rows(samples, sensor):
        addresses.append(rows)
        times.append(since)
        labels.append(label)
        dropped.append(outside)
    starts = np.cumsum([0, *map(len, times)], dtype=np.int64)
    return Packed(
        np.concatenate(addresses),
        np.concatenate(times),
        starts,
        np.array(labels, np.int64),
        np.array(dropped, np.int64),
    )


def pack_on_disk(samples: Iterable[tuple[Events, int]], sensor: Shape, folder: Path) -> Packed:
    """Pack samples into a folder of NumPy's files, unless it is there, and map them into memory.

    The folder gets its name when it is whole, so a killed writer leaves none. One process writes
    and others wait for it. The samples are not asked for if the folder is there.

    Raises
    ------
    InputError
        As `pack`; or if a file in the folder is damaged, with its name.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(f"{folder.name}.lock")):
            if not folder.exists():
                _write(samples, sensor, folder)
    arrays = {}
    for name in ("addresses", "times", "starts", "labels", "dropped"):
        path = folder / f"{name}.npy"
        try:
            arrays[name] = np.load(path, mmap_mode="r").view(np.ndarray)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"{path}: {error}: delete {folder}, it is then made anew") from None
    packed = Packed(**arrays)
    sizes = len(packed.addresses), len(packed.times), int(packed.starts[-1])
    if len(set(sizes)) != 1 or len(packed.starts) != len(packed.labels) + 1:
        raise InputError(f"{folder}: its files do not fit together: delete it, it is made anew")
    return packed


def _rows(
    samples: Iterable[tuple[Events, int]], sensor: Shape
) -> Iterator[tuple[np.ndarray, np.ndarray, int, int]]:
    """Addresses, times, label and dropped events of each sample, as `Packed` has them."""
    index = -1
    for index, (events, label) in enumerate(samples):
        if events.sensor != sensor:
            raise InputError(f"sample {index}: sensor {events.sensor}, not {sensor}")
        inside = events.inside
        since = events.t_us[inside]
        since = since - since[:1]
        if len(since) and since[-1] > LONGEST_US:
            raise InputError(f"sample {index}: {since[-1]} us long, expected {LONGEST_US} at most")
        outside = len(events) - len(since)
        yield events.addresses[inside].astype(np.int16), since.astype(np.int32), label, outside
    if index < 0:
        raise InputError("samples: expected at least one")


def _write(samples: Iterable[tuple[Events, int]], sensor: Shape, folder: Path) -> None:
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        lengths, labels, dropped = [0], [], []
        with ExitStack() as files:
            addresses, times = (
                files.enter_context((part / f"{name}.npy").open("wb"))
                for name in ("addresses", "times")
            )
            _write_header(addresses, np.dtype(np.int16), (0, 3))
            _write_header(times, np.dtype(np.int32), (0,))
            for rows, since, label, outside in _rows(samples, sensor):
                addresses.write(rows.tobytes())
                times.write(since.tobytes())
                lengths.append(len(since))
                labels.append(label)
                dropped.append(outside)
            # NumPy leaves room in a header for the first extent to grow.
            _write_header(addresses, np.dtype(np.int16), (sum(lengths), 3))
            _write_header(times, np.dtype(np.int32), (sum(lengths),))
        np.save(part / "starts.npy", np.cumsum(lengths, dtype=np.int64))
        np.save(part / "labels.npy", np.array(labels, np.int64))
        np.save(part / "dropped.npy", np.array(dropped, np.int64))
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_header(file: BinaryIO, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    file.seek(0)
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system takes back from a killed process."""
    # As multiprocessing itself tells a child that imports its parent's script: where the script
    # makes a cache, each would wait for the other for ever.
    child = getattr(current_process(), "_inheriting", False)
    try:
        with FileLock(path, timeout=0 if child else -1):
            yield
    except Timeout:
        raise RuntimeError(
            f"{path}: held by the process that has started this one, which runs its script "
            "anew: put the script's work under if __name__ == '__main__':"
        ) from None
