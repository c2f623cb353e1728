"""Streams for tests: a process that takes one, and datagrams for it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tickless.host.stream.wire import WIRES
from tickless.sw.data.catalog import load
from tickless.sw.data.events import Events
from tickless.sw.data.formats.decoded import Decoded

__all__ = [
    "StreamProcess",
    "as_decoded",
    "datagrams",
    "saccade",
    "standard_input",
    "started_stream",
]

LIMIT_S = 3600
"""Guard against a hang: however busy a machine, nothing takes so long."""


def saccade(index: int = 0) -> Events:
    """Recording that needs no files: some 8,000 events in 305 ms."""
    return load("saccades", "test")[index][0]


def as_decoded(events: Events) -> Decoded:
    """The same as a camera has it."""
    return Decoded("events", events.t_us, events.x, events.y, events.channel > 0)


def datagrams(events: Decoded, wire: str) -> list[bytes]:
    """Events as a program sends them."""
    records = WIRES[wire].encode(events)
    step = WIRES[wire].events
    return [records[at : at + step].tobytes() for at in range(0, len(records), step)]


class StreamProcess:
    """`tickless run --stream` in a process of its own.

    Members
    -------
    process : subprocess.Popen
        The process.
    output : str
        What it has said so far.
    """

    def __init__(self, process: subprocess.Popen):
        self.process, self.output = process, ""

    def until(self, pattern: str) -> re.Match[str]:
        """Read lines until one holds a pattern."""
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()) != "":
            self.output += line
            if (match := re.search(pattern, line)) is not None:
                return match
        raise AssertionError(f"no {pattern}: {self.output}")

    def address(self) -> tuple[str, int]:
        """Where it waits for datagrams."""
        match = self.until(r"^taking UDP (\S+):(\d+)")
        return match[1], int(match[2])

    def interrupt(self) -> int:
        """Ctrl-C; the exit status, when it has ended."""
        # As a terminal does: all processes of the group hear of it.
        os.killpg(self.process.pid, signal.SIGINT)
        self.output += self.process.communicate()[0]
        return self.process.returncode


@contextmanager
def started_stream(*options: str) -> Iterator[StreamProcess]:
    """`tickless run --stream` with options."""
    started = subprocess.Popen(
        [sys.executable, "-u", "-m", "tickless", "run", "--stream", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with started as process:
        limit = threading.Timer(LIMIT_S, process.kill)
        limit.start()
        try:
            yield StreamProcess(process)
        finally:
            limit.cancel()
            process.kill()


@contextmanager
def standard_input(content: bytes, path: Any) -> Iterator[None]:
    """This process's standard input is a file, all of which can be read at once."""
    path.write_bytes(content)
    before, file = os.dup(0), os.open(path, os.O_RDONLY)
    os.dup2(file, 0)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(file)


def text_of(events: Decoded) -> bytes:
    """Events as lines with names."""
    columns = (events.t_us, events.x, events.y, events.on.astype(int))
    rows = np.stack(columns, axis=1).tolist()
    return b"t,x,y,p\n" + b"".join(b"%d,%d,%d,%d\n" % tuple(row) for row in rows)


def send(contents: list[bytes], address: tuple[str, int]) -> None:
    """Send datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        for content in contents:
            line.sendto(content, address)
