"""Text: a line of numbers an event, CSV or separated by blanks."""

import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tickless.sw.data.formats.decoded import Decoded, FileError
from tickless.sw.data.formats.tables import (
    COLUMNS,
    TableForm,
    from_columns,
    named_form,
    short_names,
    unnamed,
)

__all__ = ["read_text"]

BLOCK, LONGEST_LINE = 1 << 20, 1 << 16
"""Bytes that are read at a time, and of the longest line."""

COMMENTS = (b"#", b"%", b"//")
"""Beginnings of lines before the numbers that may name the columns, or say anything else."""

SEPARATORS = bytes.maketrans(b",;", b"  ")

FLAGS = {b"true": b"1", b"on": b"1", b"false": b"0", b"off": b"0"}
WORDS = re.compile(rb"\b(?:true|false|on|off)\b", re.IGNORECASE)
"""Polarities in words."""


def read_text(path: Path, form: TableForm) -> Decoded:
    """Decode lines of numbers, separated by commas, semicolons or blanks; the first one may name
    them, and lines that begin with # are left out.

    Raises
    ------
    FileError
        If a line has another form; if no line names the columns and the form does not, either.
    """
    flaws: list[str] = []
    with path.open("rb") as file:
        found, offset = _header(path, file)
        names = form.columns or short_names(found)
        parts: dict[str, list[np.ndarray]] = {name: [] for name in COLUMNS}
        count = None
        for body in _blocks(file):
            table, whole = _table(path, body, offset, count)
            if whole < len(body):
                flaws.append(f"offset {offset + whole}: a line's end is cut: it is left out")
            offset += len(body)
            if not len(table):
                continue
            count = table.shape[1]
            if names is None:
                raise unnamed(path, count, found)
            if len(names) != count:
                expected = f"{len(names)} columns, {','.join(names)}"
                raise FileError(path, offset - len(body), f"{expected}: got {count}")
            for name, part in parts.items():
                part.append(_whole(table[:, names.index(name)]))
    if count is None:
        raise FileError(path, offset, "lines of events, but there is none")
    columns = {name: np.concatenate(parts.pop(name)) for name in COLUMNS}
    return from_columns(path, "text", columns, named_form(form, found)).flawed(*flaws)


def _header(path: Path, file: BinaryIO) -> tuple[list[str], int]:
    """Names in the line before the numbers, known or not, or none; the file
    is left where the numbers begin, at the offset."""
    names, offset = [], 0
    if file.read(len(BOM_UTF8)) == BOM_UTF8:
        offset = len(BOM_UTF8)
    file.seek(offset)
    while line := file.readline(LONGEST_LINE):
        text = line.strip()
        comment = text.startswith(COMMENTS)
        words = _words(text.lstrip(b"#%/ \t"))
        numbers = any(_is_number(word) for word in words)
        if text and not comment and numbers:
            break
        if text and not numbers:
            try:
                found = [word.decode("ascii") for word in words]
            except UnicodeDecodeError:
                raise FileError(path, offset, "lines of ASCII text") from None
            if not comment or short_names(found):
                names = found
        offset += len(line)
        if text and not comment:
            break
    file.seek(offset)
    return names, offset


def _words(line: bytes) -> list[bytes]:
    """Cells of a line; the first name may be empty, that of pandas' index."""
    if b"," in line or b";" in line:
        return [word.strip() for word in re.split(rb"[,;]", line)]
    return re.sub(rb"\s+([\[(])", rb"\1", line).split()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The rest of a file, so many whole lines at a time, the last of which may not end."""
    while block := file.read(BLOCK):
        yield block + file.readline(LONGEST_LINE)


def _table(path: Path, body: bytes, start: int, count: int | None) -> tuple[np.ndarray, int]:
    """float64 ``[lines, numbers]`` of lines, all of so many numbers, and how many bytes they are:
    a last line that does not end may be a cut one.

    Raises
    ------
    FileError
        If lines differ or hold something else.
    """
    if not body.strip():
        return np.zeros((0, 0)), len(body)
    for end in (len(body), body.rfind(b"\n") + 1):
        text = WORDS.sub(lambda match: FLAGS[match[0].lower()], body[:end])
        lines = io.BytesIO(text.translate(SEPARATORS))
        if not text.strip():
            continue
        try:
            table = np.loadtxt(lines, ndmin=2, encoding="latin-1")
        except ValueError:
            continue
        if count in (None, table.shape[1]):
            return table, end
    if count is not None and b"\n" not in body:
        return np.zeros((0, 0)), 0
    raise _wrong_line(path, body, start, count)


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _wrong_line(path: Path, body: bytes, start: int, count: int | None) -> FileError:
    """Error that names the first line of another form."""
    offset = start
    for line in body.splitlines(keepends=True):
        words = re.split(rb"[,;\s]+", WORDS.sub(b"0", line.partition(b"#")[0]).strip())
        if words != [b""]:
            count = count or len(words)
            if len(words) != count or not all(map(_is_number, words)):
                text = line.strip().decode("latin-1")
                return FileError(path, offset, f"{count} numbers, got {text!r:.60}")
        offset += len(line)
    return FileError(path, start, "lines of numbers")


def _whole(column: np.ndarray) -> np.ndarray:
    """Whole numbers, as narrow as they can be, where all are, else as they are."""
    exact = np.abs(column) < 1 << 53
    if not (exact & (column == np.rint(column))).all():
        return column.copy()
    narrow = np.abs(column).max() < 1 << 31
    return column.astype(np.int32 if narrow else np.int64)
