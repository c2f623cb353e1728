"""Stream of events in lines of text, from standard input or another pipe."""

import os
import re
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tickless.host.stream.arrival import Arrival
from tickless.sw.data.events import EventsError
from tickless.sw.data.formats.decoded import Decoded
from tickless.sw.data.formats.tables import (
    COLUMNS,
    FARTHEST,
    UNITS_US,
    TableForm,
    named_form,
    short_names,
)

__all__ = ["PipeSource"]

READ_BYTES = 1 << 20

LONGEST = 1 << 12
"""Bytes of a line: what is longer is none."""

FLAGS = {b"true": b"1", b"on": b"1", b"false": b"0", b"off": b"0"}
"""Polarities in words."""

WORD = re.compile(rb"[a-z]+", re.IGNORECASE)


class PipeSource:
    """Source that takes lines of numbers, separated by commas, semicolons or blanks; other members
    as of `host.stream.arrival.Source`.

    A first line may name the columns; lines that begin with # are left out, and so are lines that
    hold no event, which are counted. Polarities are 0 and 1, -1 and 1, or in words.

    Parameters
    ----------
    handle : Any
        The pipe: something with a file descriptor.
    form : TableForm
        What the lines do not say.

    Raises
    ------
    EventsError
        By `read`, if the first line holds neither names nor an event of the form.
    """

    period_s = 0.002
    time_bits = None
    datagrams = lost = 0
    notes = ()

    def __init__(self, handle: Any, form: TableForm):
        self.handle = handle
        self.ended = False
        self.malformed = 0
        self._form = form
        self._names: Sequence[str] | None = form.columns
        self._began = False
        self._rest = b""

    def read(self) -> list[Arrival]:
        """Events of the lines that have come."""
        started = time.monotonic()
        received = os.read(self.handle.fileno(), READ_BYTES)
        self.ended = not received
        body, newline, rest = (self._rest + received).rpartition(b"\n")
        if self.ended:
            body, rest = body + newline + rest, b""
        self._rest = rest[:LONGEST]
        stripped = map(bytes.strip, body.splitlines())
        lines = [line for line in stripped if line and not line.startswith(b"#")]
        if lines and not self._began:
            lines = self._begin(lines)
        table = self._table(lines)
        return [Arrival(self._events(table), started)] if len(table) else []

    def _begin(self, lines: list[bytes]) -> list[bytes]:
        """Take the names of the columns; the lines behind them."""
        self._began = True
        words = [word.decode("latin-1") for word in re.split(rb"[,;\s]+", lines[0])]
        names = short_names(words)
        if names is not None:
            lines = lines[1:]
            self._form = named_form(self._form, words)
        self._names = self._names or names
        if self._names is None:
            raise EventsError(
                f"standard input: its first line is {lines[0].decode('latin-1')!r:.60}: expected "
                "names of its columns, as t,x,y,p, or --columns"
            )
        if lines and not len(self._table(lines[:1])):
            raise EventsError(
                f"standard input: its first event is {lines[0].decode('latin-1')!r:.60}: expected "
                f"numbers {','.join(self._names)}, times in whole microseconds or in --time-unit"
            )
        return lines

    def _table(self, lines: list[bytes]) -> np.ndarray:
        """float64 ``[events, 4]``: t, x, y and p of the lines that hold an event."""
        if not lines:
            return np.zeros((0, 4))
        assert self._names is not None
        body = b"\n".join(lines).translate(bytes.maketrans(b",;", b"  "))
        body = WORD.sub(lambda word: FLAGS.get(word[0].lower(), word[0]), body)
        try:
            table = np.loadtxt(body.splitlines(), ndmin=2, encoding="latin-1")
            if table.shape[1] != len(self._names):
                raise ValueError("another number of columns")
        except ValueError:
            if len(lines) == 1:
                self.malformed += 1
                return np.zeros((0, 4))
            # Halves of it: the wrong lines are found one by one, the others stay together.
            half = len(lines) // 2
            return np.concatenate((self._table(lines[:half]), self._table(lines[half:])))
        table = table[:, [self._names.index(name) for name in COLUMNS]]
        unit = self._form.time_unit
        table[:, 0] *= UNITS_US[unit or "us"]
        time_us, places, polarity = table[:, 0], table[:, 1:3], table[:, 3]
        sound = np.isfinite(table).all(axis=1) & (np.abs(time_us) < 1 << 53)
        sound &= ((places >= 0) & (places < FARTHEST) & (places == np.rint(places))).all(axis=1)
        sound &= np.isin(polarity, (-1, 0, 1))
        if unit is None:
            sound &= time_us == np.rint(time_us)
        self.malformed += int((~sound).sum())
        return table[sound]

    def _events(self, table: np.ndarray) -> Decoded:
        t_us, x, y, polarity = table.T
        return Decoded(
            "text",
            np.rint(t_us).astype(np.int64),
            x.astype(np.int32),
            y.astype(np.int32),
            polarity > 0,
        )
