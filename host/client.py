"""Host's end of the serial link: samples to a board, answers back."""

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

import numpy as np

from tickless.host.line import Line, LineError, Losses
from tickless.host.port import BoardError, BoardPort
from tickless.host.protocol import (
    Answer,
    CounterValues,
    Info,
    Message,
    Replayed,
    encode,
    encode_chunks,
    encode_events,
)
from tickless.host.transmission import Piece, Transmission
from tickless.hw.host.messages import (
    CHUNK_MESSAGE,
    DATA_BYTES,
    LOAD_LAYOUT,
    LOADED_LAYOUT,
    Command,
    byte_count,
)
from tickless.progress import bar

__all__ = ["Client"]

PATIENCE_S = 5.0
"""Longest time in which nothing goes on, by the port's clock."""

ATTEMPTS = 4
"""How often a sample or a question is sent before its failure is an error."""

SAMPLES_UNDER_WAY = 2
"""While a sample's answer is on its way, events of the next one follow."""

NO_MORE = object()

T = TypeVar("T")
M = TypeVar("M", bound=Message)


class Client:
    """Board at the other end of a port.

    Parameters
    ----------
    port : BoardPort
        The port.
    name : str
        Its name, for errors.
    patience_s : float
        Longest time in which nothing goes on, by the port's clock, until a command counts as lost.

    Members
    -------
    info : Info
        What the board is.

    Raises
    ------
    BoardError
        From every method: if nothing answers, the port disappears, the board speaks another
        version, refuses a command, or a sample was lost `ATTEMPTS` times.
    """

    def __init__(self, port: BoardPort, name: str = "port", patience_s: float = PATIENCE_S):
        self._line = Line(port, name, patience_s)
        self._line.synchronize()
        self._line.info = self.info = self._ask(Command.INFO, Info)

    @property
    def losses(self) -> Losses:
        """What was lost on the line so far."""
        return self._line.losses

    def now_s(self) -> float:
        """Seconds on the port's clock: a simulated board's own."""
        return self._line.now_s()

    def classify(self, addresses: np.ndarray) -> Answer:
        """Answer to one sample of events ``[n, 3]``: ``(channel, y, x)``."""
        *_, answer = self.answers([Transmission(addresses)])
        return answer

    def answers(self, samples: Iterable[Transmission | Piece | None]) -> Iterator[Answer]:
        """Answers to each sample's READs and its END, in order.

        Samples follow each other without a gap. One that fails is sent again from its first event,
        and the READs that were answered are answered once more. None in a sample's place says that
        none is there yet: what comes from the board is taken, and the next one asked for.

        A sample without an end comes in pieces, each answered by its READ; a transmission behind
        them ends it. Pieces that were answered are not kept: where something fails, what
        `losses.restarts` counts, the sample begins anew with the first piece without an answer.
        """
        self._line.synchronize()
        source = iter(samples)
        waiting: deque[Transmission | Piece] = deque()
        commands: Iterator[tuple[float, Command, bytes]] = iter(())
        answered = failures = 0
        started, over = 0.0, False
        while True:
            try:
                if (command := next(commands, None)) is not None:
                    due, kind, content = command
                    self._line.rest_until(started + due)
                    self._line.send(kind, content)
                elif len(waiting) < SAMPLES_UNDER_WAY and not over:
                    sample = next(source, NO_MORE)
                    over = sample is NO_MORE
                    if isinstance(sample, Transmission | Piece):
                        waiting.append(sample)
                        commands = sample.commands(self.info)
                        started = time.monotonic()
                    elif sample is None and waiting:
                        self._line.wait()
                elif waiting:
                    self._line.wait()
                else:
                    return
                for answer in self._line.take_all(Answer):
                    if answer.sample != answered & 0xFFFF:
                        raise LineError("the answer to a sample was lost")
                    answered += answer.ends
                    if answer.ends or isinstance(waiting[0], Piece):
                        waiting.popleft()
                        failures = 0
                    yield answer
            except LineError as error:
                failures += 1
                self._start_anew(failures, error)
                source = chain(tuple(waiting), source)
                waiting.clear()
                over = False
                commands, answered = iter(()), 0

    def replay(self, addresses: np.ndarray, repeats: int) -> tuple[Answer, Replayed]:
        """Let the board store a sample and play it many times; the last answer and the clocks."""
        if not self.info.stored_events:
            raise BoardError(f"{self._line.name}: the board has no stored sample to replay")
        if len(addresses) > self.info.stored_events:
            raise BoardError(
                f"{self._line.name}: {len(addresses):,} events: the board stores at most "
                f"{self.info.stored_events:,} to replay"
            )

        events, step = encode_events(self.info, addresses), self.info.events_per_frame

        def attempt() -> tuple[Answer, Replayed]:
            self._line.synchronize()
            for start in range(0, len(events), step):
                self._line.send(Command.STORE, events[start : start + step].tobytes())
            started = self._line.now_s()
            played = self._play(1, self._line.patience_s)
            if repeats == 1:
                return played
            seconds = self._line.now_s() - started
            return self._play(repeats, self._line.patience_s + 2 * repeats * seconds)

        return self._insist(attempt)

    def load(self, image: np.ndarray, design: int, network: int) -> None:
        """Load another network; it is there whole when this returns, and `info` names it.

        After an error the board has no network, or still the one before where it refused LOAD.

        Parameters
        ----------
        image : numpy.ndarray
            Chunks: a structured array with fields ``core``, ``address``, ``data``.
        design : int
            Number of the design that the image is for.
        network : int
            Number by which the board names the network from then on.
        """
        chunks = encode_chunks(image)
        size = len(chunks) // byte_count(CHUNK_MESSAGE)
        step = DATA_BYTES // byte_count(CHUNK_MESSAGE) * byte_count(CHUNK_MESSAGE)
        check = zlib.crc32(chunks)

        def attempt() -> Info:
            self._line.synchronize()
            self._line.send(Command.LOAD, encode(LOAD_LAYOUT, design=design))
            starts = range(0, len(chunks), step)
            for start in bar(starts, f"loading {size:,} chunks", unit="frame"):
                self._line.send(Command.CHUNKS, chunks[start : start + step])
            self._line.send(Command.LOADED, encode(LOADED_LAYOUT, network=network, check=check))
            self._line.send(Command.INFO)
            return self._line.take(Info, self._line.patience_s)

        self._line.info = self.info = self._insist(attempt)

    def counters(self, index: int) -> dict[str, int]:
        """Counters of a core, or of the link for `hw.host.messages.LINK_INDEX`."""
        return self._ask(Command.COUNTERS, CounterValues, bytes([index])).values

    def _play(self, repeats: int, patience_s: float) -> tuple[Answer, Replayed]:
        self._line.send(Command.REPLAY, repeats.to_bytes(2, "little"))
        answer = self._line.take(Answer, patience_s)
        return answer, self._line.take(Replayed, patience_s)

    def _ask(self, command: Command, reply: type[M], content: bytes = b"") -> M:
        def attempt() -> M:
            self._line.send(command, content)
            return self._line.take(reply, self._line.patience_s)

        return self._insist(attempt)

    def _insist(self, attempt: Callable[[], T]) -> T:
        """What an attempt gives, made again from a new start when something was lost."""
        failures = 0
        while True:
            try:
                return attempt()
            except LineError as error:
                failures += 1
                self._start_anew(failures, error)

    def _start_anew(self, failures: int, error: LineError) -> None:
        if failures == ATTEMPTS:
            raise BoardError(
                f"{self._line.name}: given up after {ATTEMPTS} attempts, the last one because "
                f"{error}"
            ) from None
        self._line.losses.restarts += 1
        self._line.synchronize()
