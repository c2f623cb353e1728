"""Headers of text in front of binary events: lines that begin with a mark."""

import re
from pathlib import Path

from tickless.sw.data.formats.decoded import FileError

__all__ = ["header_size", "text_header"]

WIDEST = 1 << 14
"""Columns and rows of a sensor."""

LONGEST = 1 << 16
"""Bytes of the longest header that is taken for one."""


def text_header(path: Path, raw: bytes, mark: bytes) -> tuple[list[str], int]:
    """Lines that begin with a mark, without it, and the offset behind them.

    Raises
    ------
    FileError
        If a line does not end.
    """
    lines, offset = [], 0
    while raw[offset : offset + len(mark)] == mark:
        end = raw.find(b"\n", offset, offset + LONGEST)
        if end < 0:
            raise FileError(path, offset, "a line of a header, but it does not end")
        lines.append(raw[offset + len(mark) : end].decode("latin-1").strip())
        offset = end + 1
        if lines[-1] == "end":
            break
    return lines, offset


def header_size(lines: list[str]) -> tuple[int, int] | None:
    """Width and height that the lines of a Prophesee header state, if they do, and such ones as a
    camera has."""
    found: dict[str, int] = {}
    for line in lines:
        if match := re.match(r"geometry (\d+)x(\d+)", line):
            found = {"width": int(match[1]), "height": int(match[2])}
            break
        for name, value in re.findall(r"\b(width|height)\s*[= ]\s*(\d+)", line, re.IGNORECASE):
            found[name.lower()] = int(value)
    if len(found) < 2 or not 1 <= min(found.values()) <= max(found.values()) <= WIDEST:
        return None
    return found["width"], found["height"]
