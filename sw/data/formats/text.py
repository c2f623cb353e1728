"""Text: a line of numbers an event, CSV or separated by blanks."""

import io
import re
from pathlib import Path

import numpy as np

from tickless.sw.data.formats.decoded import Decoded, FileError
from tickless.sw.data.formats.tables import (
    COLUMNS,
    TableForm,
    from_columns,
    short_names,
    unnamed,
)

__all__ = ["read_text"]

FLAGS = {b"true": b"1", b"on": b"1", b"false": b"0", b"off": b"0"}
WORDS = re.compile(rb"\b(?:true|false|on|off)\b", re.IGNORECASE)
"""Polarities in words."""


def read_text(path: Path, raw: bytes, form: TableForm) -> Decoded:
    """Decode lines of numbers, separated by commas or blanks; the first one may name them, and
    lines that begin with # are left out.

    Raises
    ------
    FileError
        If a line has another form; if no line names the columns and the form does not, either.
    """
    names, start = _header(path, raw)
    names = form.columns or names
    body, notes = raw[start:], []
    if WORDS.search(body):
        body = WORDS.sub(lambda match: FLAGS[match[0].lower()], body)
    body = body.translate(bytes.maketrans(b",;", b"  "))
    try:
        table = _table(body)
    except ValueError:
        last = body.rfind(b"\n") + 1
        # A last line that does not end may be a cut one.
        table = _table(body[:last]) if last < len(body) and _sound(body[:last]) else None
        if table is None:
            raise _wrong_line(path, body, start) from None
        notes.append(f"offset {start + last}: a line's end is cut: it is left out")
    if not len(table):
        raise FileError(path, start, "lines of events, but there is none")
    if names is None:
        raise unnamed(path, table.shape[1])
    if len(names) != table.shape[1]:
        raise FileError(
            path, start, f"{len(names)} columns, {','.join(names)}: got {table.shape[1]}"
        )
    columns = {name: _whole(table[:, names.index(name)]) for name in COLUMNS}
    return from_columns(path, "text", columns, form).noted(*notes)


def _header(path: Path, raw: bytes) -> tuple[tuple[str, ...] | None, int]:
    """Names of the columns, if a line before the numbers has them, and where the numbers begin."""
    names, offset = None, 0
    while offset < len(raw):
        end = raw.find(b"\n", offset) + 1 or len(raw)
        line = raw[offset:end].strip()
        comment = line.startswith(b"#")
        words = re.split(rb"[,;\s]+", line.strip(b"#,; \t"))
        numbers = any(_is_number(word) for word in words)
        if line and not comment and numbers:
            break
        if line and not numbers:
            try:
                names = short_names([word.decode("ascii") for word in words]) or names
            except UnicodeDecodeError:
                raise FileError(path, offset, "lines of ASCII text") from None
        offset = end
        if line and not comment:
            break
    return names, offset


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _table(body: bytes) -> np.ndarray:
    """float64 ``[lines, numbers]``; ValueError if lines differ or hold something else."""
    if not body.strip():
        return np.zeros((0, 0))
    return np.loadtxt(io.BytesIO(body), ndmin=2, encoding="latin-1")


def _sound(body: bytes) -> bool:
    try:
        return len(_table(body)) > 0
    except ValueError:
        return False


def _wrong_line(path: Path, body: bytes, start: int) -> FileError:
    """Error that names the first line of another form."""
    offset, count = start, None
    for line in body.splitlines(keepends=True):
        words = line.partition(b"#")[0].split()
        if words:
            count = count or len(words)
            if len(words) != count or not all(map(_is_number, words)):
                text = line.strip().decode("latin-1")
                return FileError(path, offset, f"{count} numbers, got {text!r:.60}")
        offset += len(line)
    return FileError(path, start, "lines of numbers")


def _whole(column: np.ndarray) -> np.ndarray:
    """Whole numbers where all are, else as they are."""
    exact = np.abs(column) < 1 << 53
    return column.astype(np.int64) if (exact & (column == np.rint(column))).all() else column
