"""Tables of events: NumPy's arrays and HDF5, by the names of their columns."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyfive

from tickless.errors import InputError
from tickless.sw.data.formats.decoded import Decoded, FileError, unwrapped

__all__ = [
    "COLUMNS",
    "UNITS_US",
    "TableForm",
    "from_array",
    "from_columns",
    "named_form",
    "read_array",
    "read_hdf5",
    "short_names",
    "unnamed",
]

COLUMNS = {
    "t": ("t", "ts", "time", "timestamp", "timestamps"),
    "x": ("x", "xs"),
    "y": ("y", "ys"),
    "p": ("p", "ps", "pol", "polarity", "polarities", "on"),
}
"""Names that mean a column, by its short one."""

UNITS_US = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
"""Microseconds in a unit of time."""

FARTHEST = 1 << 14
"""Sensors have fewer columns and rows than this."""

LATEST_US = 1 << 53
"""Times are below this, three centuries, so that a float holds each of them."""

LARGEST_RATIO = 1032
"""Bytes that one of a compressed file becomes at most, by deflate's format."""

GROUPS = ("", "events", "CD/events")
"""Groups and data sets of HDF5 files in which events lie."""


@dataclass(frozen=True)
class TableForm:
    """What a table does not say itself.

    Members
    -------
    columns : tuple of str or None
        Short names of its columns, in order, where it has no names.
    time_unit : str or None
        One of `UNITS_US`; None where whole numbers are microseconds, and a name may say otherwise.
    """

    columns: tuple[str, ...] | None = None
    time_unit: str | None = None

    def __post_init__(self):
        if self.columns is not None and (
            len(set(self.columns)) != len(self.columns) or not set(COLUMNS) <= set(self.columns)
        ):
            raise InputError(
                f"columns = {','.join(self.columns)}: expected t, x, y and p once each, in the "
                "table's order, and any other name for a column that is left out"
            )
        if self.time_unit is not None and self.time_unit not in UNITS_US:
            raise InputError(
                f"time-unit = {self.time_unit!r}: expected one of {', '.join(UNITS_US)}"
            )


def read_array(path: Path, form: TableForm) -> Decoded:
    """Decode an array of NumPy: named fields, or one column a name of the form.

    Raises
    ------
    FileError
        If it is cut, has another form, or no names where the form has none, either.
    """
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # its reader of headers raises whatever a damaged one leads to
        raise FileError(path, 0, f"an array of NumPy, whole and of numbers, but {error}") from None
    if not isinstance(array, np.ndarray):
        raise FileError(path, 0, "one array of NumPy, not an archive of some")
    return from_array(path, "NumPy", array, form)


def from_array(path: Path, kind: str, array: np.ndarray, form: TableForm) -> Decoded:
    """Events of an array with named fields, or one column a name of the form.

    Raises
    ------
    FileError
        As of `from_columns`, or if its columns are not known.
    """
    if array.dtype.names:
        names = short_names(array.dtype.names)
        if names is None:
            fields = ", ".join(array.dtype.names)
            raise FileError(path, 0, f"fields t, x, y and p of the array, got {fields}")
        fields = zip(names, array.dtype.names, strict=True)
        columns = {short: np.asarray(array[field]) for short, field in fields if short in COLUMNS}
        return from_columns(path, kind, columns, named_form(form, array.dtype.names))
    if array.ndim != 2 or array.dtype.kind not in "iuf":
        raise FileError(path, 0, f"numbers [events, columns], got {array.dtype} {array.shape}")
    if form.columns is None:
        raise unnamed(path, array.shape[1])
    if array.shape[1] != len(form.columns):
        expected = f"{len(form.columns)} columns, {','.join(form.columns)}"
        raise FileError(path, 0, f"{expected}: got {array.shape[1]}")
    columns = {
        name: np.asarray(array[:, index])
        for index, name in enumerate(form.columns)
        if name in COLUMNS
    }
    return from_columns(path, kind, columns, form)


def read_hdf5(path: Path, form: TableForm) -> Decoded:
    """Decode the events of an HDF5 file: four data sets, or one with named fields, at its root, in
    ``events`` or in ``CD/events``.

    Raises
    ------
    FileError
        If it cannot be read, or has none.
    """
    try:
        content = path.read_bytes()
        # libhdf5 crashes, or never returns, on some damaged files.
        with pyfive.File(BytesIO(content)) as file:
            for place in GROUPS:
                node = file if not place else file.get(place, None)
                found = _hdf5_columns(node)
                if found is not None:
                    break
            else:
                where = ", ".join(place or "its root" for place in GROUPS)
                got = ", ".join(sorted(map(str, file))[:8]) or "nothing"
                raise FileError(
                    path, 0, f"events of t, x, y and p at one of {where}: its root has {got}"
                )
            for item in {id(item): item for item, _ in found.values()}.values():
                most = len(content) * LARGEST_RATIO // item.dtype.itemsize
                if item.size > most:
                    raise FileError(
                        path, 0, f"at most {most:,} events in so small a file, got {item.size:,}"
                    )
            columns = {short: _hdf5_column(item, field) for short, (item, field) in found.items()}
            item, field = found["t"]
            names = [field or str(item.name).rpartition("/")[2]]
    except FileError:
        raise
    except Exception as error:  # it trusts the file: of a damaged one come errors of all types
        raise FileError(path, 0, f"an HDF5 file, whole and sound, but {error}") from None
    return from_columns(path, "HDF5", columns, named_form(form, names))


def _hdf5_columns(node: Any) -> dict[str, tuple[Any, str | None]] | None:
    """Data set of each column, and the column's field where the data set has several."""
    if isinstance(node, pyfive.Dataset) and node.dtype.names:
        names = short_names(node.dtype.names)
        if names is None:
            return None
        fields = zip(names, node.dtype.names, strict=True)
        return {short: (node, field) for short, field in fields if short in COLUMNS}
    if isinstance(node, pyfive.Group):
        items = {str(key): node[key] for key in node}
        columns = {key: item for key, item in items.items() if isinstance(item, pyfive.Dataset)}
        names = short_names(list(columns))
        if names is not None:
            pairs = zip(names, columns.values(), strict=True)
            return {short: (item, None) for short, item in pairs if short in COLUMNS}
    return None


def _hdf5_column(item: Any, field: str | None) -> np.ndarray:
    return np.asarray(item[()] if field is None else item[()][field])


def short_names(names: "tuple[str, ...] | list[str]") -> tuple[str, ...] | None:
    """Short names of columns, others as they are; None unless all four are there once."""
    meant = {name: short for short, known in COLUMNS.items() for name in known}
    found = tuple(meant.get(_split(name)[0], name) for name in names)
    return found if all(found.count(short) == 1 for short in COLUMNS) else None


def named_form(form: TableForm, names: "tuple[str, ...] | list[str]") -> TableForm:
    """The form, with the unit that the name of the time states where the form has none."""
    units = [unit for name, unit in map(_split, names) if unit and name in COLUMNS["t"]]
    return replace(form, time_unit=form.time_unit or (units[0] if units else None))


def _split(name: str) -> tuple[str, str | None]:
    """Name of a column, and the unit behind it, as in ``t_ns`` or ``time [s]``."""
    plain = name.strip().strip('"').lower()
    match = re.fullmatch(r"([a-z]+)(?:_| *[\[(])(s|ms|us|ns)[\])]?", plain)
    return (match[1], match[2]) if match else (plain, None)


def unnamed(path: Path, count: int, names: Sequence[str] = ()) -> FileError:
    """Error of a table that does not name its columns, or not so that they are known."""
    got = f"known names of its {count} columns, got {','.join(names)}: " if names else (
        f"names of its {count} columns, which are in no particular order without: "
    )  # fmt: skip
    return FileError(path, 0, f"{got}give --columns, as in --columns t,x,y,p")


def from_columns(
    path: Path, kind: str, columns: Mapping[str, np.ndarray], form: TableForm
) -> Decoded:
    """Events of checked columns.

    Parameters
    ----------
    columns : mapping
        Vectors of numbers by the short names of `COLUMNS`.

    Raises
    ------
    FileError
        If a column is of another length or kind, or holds an impossible value.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise FileError(path, 0, f"columns of one length, got {lengths}")
    if not lengths["t"]:
        raise FileError(path, 0, "events, but there is none")
    for name, column in columns.items():
        if column.ndim != 1 or column.dtype.kind not in "iufb":
            got = f"{column.dtype} {column.shape[1:] or ''}".strip()
            raise FileError(path, 0, f"a column {name} of numbers, got {got}")
        if column.dtype.kind == "f" and not np.isfinite(column).all():
            raise FileError(path, 0, f"finite numbers in column {name}")
    places = []
    for name in ("x", "y"):
        column = columns[name]
        if column.dtype.kind == "f" and (wrong := column != np.rint(column)).any():
            raise FileError(path, 0, f"whole numbers in column {name}, got {column[wrong][0]}")
        outside = (column < 0) | (column >= FARTHEST)
        if outside.any():
            got = column[outside][0]
            raise FileError(path, 0, f"0..{FARTHEST - 1} in column {name}, got {got}")
        places.append(column.astype(np.int32, copy=False))
    on, kind = _polarity(path, columns["p"], kind)
    t_us = _time(path, columns["t"], form.time_unit)
    return Decoded(kind, t_us, places[0], places[1], on).in_order()


def _polarity(path: Path, column: np.ndarray, kind: str) -> tuple[np.ndarray, str]:
    """Whether each event is ON: 0 and 1, or -1 and 1, over the whole file; and the format's name
    with what they are."""
    low, high, on = column.min(), column.max(), column == 1
    between = column[~on & (column != low)]
    if high > 1 or low not in (-1, 0, 1) or len(between):
        got = ", ".join(map(str, sorted({low, high, *between[:1]})))
        raise FileError(path, 0, f"polarities 0 and 1, or -1 and 1, got {got}")
    return on, f"{kind}, polarities -1 and 1" if low == -1 else kind


def _time(path: Path, column: np.ndarray, unit: str | None) -> np.ndarray:
    """Whole microseconds, of whole numbers of 32 bits as of a counter that may begin anew."""
    if column.dtype == np.uint32:
        column = unwrapped(column, 32)
    fractions = column.dtype.kind == "f"
    if fractions and unit is None and (column != np.rint(column)).any():
        raise FileError(
            path,
            0,
            "times in whole microseconds: of these fractions give the unit, as in --time-unit s",
        )
    scale = UNITS_US[unit or "us"]
    for value in (column.min(), column.max()):
        if abs(float(value)) * scale >= LATEST_US:
            got = f"{value} {unit}" if unit else f"{value}: give the unit, as in --time-unit ns"
            raise FileError(path, 0, f"times below {LATEST_US} us, got {got}")
    if scale == 1.0 and not fractions:
        return column.astype(np.int64, copy=False)
    return np.rint(column * scale).astype(np.int64)
