"""Stream taken by a process of its own, which a busy target cannot hold up."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from threading import current_thread, main_thread
from typing import Any

from tickless.errors import InputError, TicklessError
from tickless.host.stream.inputs import Input
from tickless.host.stream.intake import Counts, Intake
from tickless.host.stream.windows import StreamWindow
from tickless.sw.data.fitting import Window
from tickless.sw.data.options import Reading

__all__ = ["Feed", "nobody_interrupts"]

HEARTBEAT_S = 1.0
"""Time after which the counts are told where no window was."""

NEXT, STOP = "next", "stop"
"""What a process that takes a stream is asked for."""


@dataclass(frozen=True, eq=False)
class Told:
    """What it tells.

    Members
    -------
    counts : Counts
        What became of the events.
    window : StreamWindow or None
        The next window.
    ended : bool
        Whether it was the last to be told.
    error : str
        Why the stream cannot be taken; "" if it can.
    """

    counts: Counts
    window: StreamWindow | None = None
    ended: bool = False
    error: str = ""


class Feed:
    """Windows of a stream, which a process of its own takes, cuts and sheds.

    Parameters
    ----------
    source : Input
        Where the stream is from; left to the process.
    reading : Reading
        How its events are read and fitted.
    window : Window
        Length of its windows.
    channels : int
        Channels of the network's sensor.
    seconds : float or None
        How long it is taken; None until it ends.

    Members
    -------
    tell : callable
        Is told the counts whenever they come without a window.
    counts : Counts
        What became of the stream's events, as far as it was told.
    stopped, ended : bool
        Whether it was stopped, and whether no window will come.
    pid : int
        Of the process.

    Raises
    ------
    InputError
        If the stream cannot be taken; by `take`, too.
    """

    def __init__(
        self,
        source: Input,
        reading: Reading,
        window: Window,
        channels: int,
        seconds: float | None = None,
    ):
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, source, reading, window, channels, seconds), daemon=True
        )
        with nobody_interrupts():
            process.start()
        theirs.close()
        source.close()
        assert process.pid is not None  # it has been started
        self._process, self.pid = process, process.pid
        self.tell: Callable[[Counts], None] = lambda counts: None
        self._asked = self.stopped = self.ended = False
        self.counts = Counts()
        try:
            self._receive()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()  # which ends the process
        self._process.join()

    def take(self, timeout_s: float) -> StreamWindow | None:
        """The next window, as soon as it is there; None if it is not in time, or the stream has
        ended."""
        until = time.monotonic() + timeout_s
        while not self.ended:
            if not self._asked and not self.stopped:
                with suppress(ConnectionError):  # told by what is received
                    self._connection.send(NEXT)
                self._asked = True
            if not self._connection.poll(max(0.0, until - time.monotonic())):
                return None
            told = self._receive()
            if told.window is not None:
                self._asked = False
                return told.window
            if not self.ended:
                self.tell(self.counts)
        return None

    def stop(self) -> None:
        """Take no further event, and hand out no window that waits.

        A signal's handler may call it: the stream ends with a window that was asked for already.
        """
        if not self.stopped:
            self.stopped = True
            with suppress(OSError):  # it has ended by itself
                self._connection.send(STOP)

    def _receive(self) -> Told:
        try:
            told = self._connection.recv()
        except (EOFError, ConnectionError):
            raise RuntimeError("the process that takes the stream has ended") from None
        self.counts, self.ended = told.counts, told.ended
        if told.error:
            raise InputError(told.error)
        return told


@contextmanager
def nobody_interrupts() -> Iterator[None]:
    """Ctrl-C is for this process: one that is started meanwhile never hears of it."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(
    connection: Connection,
    source: Input,
    reading: Reading,
    window: Window,
    channels: int,
    seconds: float | None,
) -> None:
    """Take a stream until it is over, nobody wants it or nobody is there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        intake = Intake(source.open(reading), window, reading.fitting, channels)
        _take(connection, intake, seconds)
    except TicklessError as error:
        connection.send(Told(Counts(), ended=True, error=str(error)))
    except (EOFError, ConnectionError):
        pass


def _take(connection: Connection, intake: Intake, seconds: float | None) -> None:
    connection.send(Told(intake.counts))
    source = intake.source
    now = told_s = due_s = time.monotonic()
    until_s = None if seconds is None else now + seconds
    asked = False
    while True:
        if asked and (window := intake.take()) is not None:
            connection.send(Told(intake.counts, window))
            asked, told_s = False, time.monotonic()
        if asked and intake.ended:
            break
        now = time.monotonic()
        if until_s is not None and now >= until_s and not intake.ended:
            intake.end()
            continue
        if asked and now >= told_s + HEARTBEAT_S:
            connection.send(Told(intake.counts))
            told_s = now
        waited: list[Any] = [connection]
        timeout_s = max(told_s - now, 0.0) + HEARTBEAT_S
        if not intake.ended:
            # Between two reads, and where time alone tells, only the other side is listened to.
            if now >= due_s and source.handle is not None:
                waited.append(source.handle)
            else:
                timeout_s = min(timeout_s, due_s - now)
            if until_s is not None:
                timeout_s = min(timeout_s, until_s - now)
        ready = wait(waited, max(0.0, timeout_s))
        if connection in ready:
            if connection.recv() == STOP:
                break
            asked = True
        by_time = source.handle is None and time.monotonic() >= due_s
        if not intake.ended and (by_time or source.handle in ready):
            intake.read()
            due_s = time.monotonic() + source.period_s
    connection.send(Told(intake.counts, ended=True))
