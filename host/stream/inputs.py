"""What a stream is taken from, as it is handed to the process that takes it."""

import os
import socket
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from tickless.host.stream.arrival import Source
from tickless.sw.data.options import Reading

__all__ = ["Input", "PipeInput", "PlaybackInput", "UdpInput"]


class Input(Protocol):
    """Input of a stream, which is pickled for a process that is started."""

    def close(self) -> None:
        """Leave it to that process, which has its own copy."""
        ...

    def open(self, reading: Reading) -> Source:
        """The source, within that process.

        Raises
        ------
        TicklessError
            If there is none.
        """
        ...


@dataclass(frozen=True)
class UdpInput:
    """Datagrams of a socket, in a format of `host.stream.wire.FORMATS`."""

    bound: socket.socket
    form: str

    def close(self) -> None:
        """See `Input`."""
        self.bound.close()

    def open(self, reading: Reading) -> Source:
        """See `Input`."""
        from tickless.host.stream.udp import UdpSource

        return UdpSource(self.bound, self.form)


class PipeInput:
    """Lines from a file descriptor.

    Parameters
    ----------
    handle : int
        The file descriptor, 0 for standard input; a copy of it is read.
    """

    def __init__(self, handle: int):
        # Of a connection alone multiprocessing hands the file descriptor on.
        self._connection = Connection(os.dup(handle), writable=False)

    def close(self) -> None:
        """See `Input`."""
        self._connection.close()

    def open(self, reading: Reading) -> Source:
        """See `Input`."""
        from tickless.host.stream.pipe import PipeSource

        return PipeSource(self._connection, reading.form)


@dataclass(frozen=True)
class PlaybackInput:
    """Recordings in files, each event at its time."""

    paths: tuple[Path, ...]

    def close(self) -> None:
        """See `Input`."""

    def open(self, reading: Reading) -> Source:
        """See `Input`."""
        from tickless.host.stream.playback import PlaybackSource
        from tickless.sw.data.formats.recording_file import decode

        return PlaybackSource(
            [(str(path), partial(decode, path, reading.form, reading.chip)) for path in self.paths]
        )
