"""Reliable commands over a serial line: numbers, window, loss and resending."""

import secrets
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from tickless.host.frames import Frame, FrameReader, encode_frame
from tickless.host.port import BoardError, BoardPort
from tickless.host.protocol import (
    Acknowledgement,
    Answer,
    Info,
    Message,
    ProtocolError,
    Refusal,
    Synced,
    VersionError,
    read_message,
)
from tickless.hw.host.messages import Command, Error

__all__ = ["Line", "LineError", "Losses"]

SYNC_TRIES = 5

MOST_UNDER_WAY = 100
"""Commands: less than half of the numbers, so that a probe's can be none of theirs."""

FRAME_ROOM = 3
"""Room that a command takes beside its data."""

FIRST_ROOM = 16
"""Room for commands before INFO tells how much there is."""

NOT_TAKEN = {Error.LINE, Error.FRAMING, Error.LENGTH, Error.CRC, Error.SEQUENCE, Error.ROOM}
"""Errors after which the board waits for a command to be sent again."""

REPLIES = {Command.INFO: 1, Command.END: 1, Command.COUNTERS: 1, Command.REPLAY: 2}
"""Replies that come before a command's acknowledgement. READ may have none: see early exit."""

REASONS = {
    Error.COMMAND: "it knows none such; a network is loaded into designs built with --loadable",
    Error.NETWORK: "an image was not loaded whole, or none was: expected `tickless load` first",
    Error.DESIGN: "the image is for another design: expected the design file of this bitstream",
    Error.MEMORY: "the image has chunks for memories that are not there, and it has no network now",
    Error.IMAGE: "the image is cut or damaged, and it has no network now",
    Error.CHECKSUM: "a part of its network is damaged: expected `tickless load` once more",
    Error.OVERFLOW: "the recording, or what a layer makes of it, is too long for its SDRAM",
    Error.WORD: "an event list in its SDRAM is damaged",
    Error.WATCHDOG: "its engine got nowhere: expected `tickless load` once more",
}
"""What errors tell the user."""

M = TypeVar("M", bound=Message)


class LineError(RuntimeError):
    """Something is lost; after a SYNC, it can be tried again."""


@dataclass
class Losses:
    """What the line has cost so far.

    Members
    -------
    replies : int
        Pieces from the board that were no reply.
    resent : int
        Commands that were sent again.
    restarts : int
        SYNCs after which samples or questions were sent again.
    """

    replies: int = 0
    resent: int = 0
    restarts: int = 0

    def __str__(self) -> str:
        return (
            f"the line: {self.replies} damaged replies, {self.resent} commands sent again, "
            f"{self.restarts} new starts"
        )


class Line:
    """Line to a board, over which commands arrive once and in order, or are known to be lost.

    Parameters
    ----------
    port : BoardPort
        The port.
    name : str
        Its name, for errors.
    patience_s : float
        Longest time in which nothing goes on, by the port's clock, until something counts as lost.

    Members
    -------
    info : Info or None
        What the board is, to be set as soon as it is known: its room for commands, and the form of
        its messages.
    losses : Losses
        What was lost so far.

    Raises
    ------
    LineError
        By `send`, `take`, `wait` and `rest_until`: if something is lost.
    BoardError
        By all of them and `synchronize`: if trying again does not help.
    """

    def __init__(self, port: BoardPort, name: str, patience_s: float):
        self._port, self.name, self.patience_s = port, name, patience_s
        self.info: Info | None = None
        self.losses = Losses()
        self._reader = FrameReader()
        self._window: deque[tuple[Command, bytes, int]] = deque()  # with room, in order
        self._used = 0  # room that they take
        self._first = 0  # number of the first command in the window
        self._probe: int | None = None  # number of the probe that is on its way
        self._probes = 0
        self._messages: deque[Message] = deque()
        self._unsure: deque[Answer] = deque()  # to READ, which have no number, and those behind
        self._replies = 0  # whose commands are not acknowledged
        self._progress = self.now_s()

    def now_s(self) -> float:
        """Seconds on the port's clock."""
        try:
            return self._port.now_s()
        except OSError as error:
            raise BoardError(f"{self.name}: {error}") from None

    def synchronize(self) -> None:
        """Start anew, from whatever state."""
        for _ in range(SYNC_TRIES):
            nonce = secrets.token_bytes(4)
            number = nonce[0]
            self._write(b"\0" + encode_frame(Frame(number, Command.SYNC.value, nonce)))
            until = self.now_s() + self.patience_s / SYNC_TRIES
            now = 0.0
            while now < until:
                # The time before reading: whatever has come by then is read.
                now = self.now_s()
                if Synced(nonce) in self._read(block=True):
                    self._window.clear()
                    self._used = 0
                    self._messages.clear()
                    self._unsure.clear()
                    self._first = (number + 1) & 0xFF
                    self._probe, self._replies = None, 0
                    return
        raise BoardError(
            f"{self.name}: nothing answers. Is it the board's port, is the board on and its "
            "bitstream loaded, and is this its baud rate?"
        )

    def send(self, command: Command, content: bytes = b"") -> None:
        """Send a command, as soon as there is room for it."""
        self._progress = self.now_s()
        size = len(content) + FRAME_ROOM
        room = FIRST_ROOM if self.info is None else self.info.buffer_bytes
        while (
            self._probe is not None
            or self._used + size > room
            or len(self._window) == MOST_UNDER_WAY
        ):
            self.wait()
        number = (self._first + len(self._window)) & 0xFF
        self._window.append((command, encode_frame(Frame(number, command.value, content)), size))
        self._used += size
        self._write(self._window[-1][1])
        # To look for replies behind each frame takes a quarter of the time over UDP.
        if 2 * self._used > room:
            self._handle(self._read(block=False))

    def take(self, kind: type[M], patience_s: float) -> M:
        """Next message of a kind."""
        self._progress = self.now_s()
        while not (found := self.take_all(kind, 1)):
            self.wait(patience_s)
        return found[0]

    def take_all(self, kind: type[M], most: int | None = None) -> list[M]:
        """Messages of a kind that have come; the others stay."""
        found = [message for message in self._messages if isinstance(message, kind)][:most]
        for message in found:
            self._messages.remove(message)
        return found

    def rest_until(self, due: float) -> None:
        """Take what comes until a moment of `time.monotonic`."""
        while (left := due - time.monotonic()) > 0:
            time.sleep(min(left, 0.005))
            self._handle(self._read(block=False))

    def wait(self, patience_s: float | None = None) -> None:
        """Take what comes, for a short time at most."""
        now = self.now_s()  # before reading: whatever has come by then is read
        messages = self._read(block=True)
        self._handle(messages)
        if not messages and self._probe is not None:
            self._send_probe()
        patience_s = self.patience_s if patience_s is None else patience_s
        if now - self._progress > patience_s:
            raise LineError(f"nothing went on for {patience_s:.3g} s")

    def _send_probe(self) -> None:
        """Ask which command the board waits for, behind all that is on its way to it.

        The probe's number is none that it can expect, so it answers with an error.
        """
        if self._probe is None:
            self._probes += 1
            self._probe = (self._first + 128 + self._probes % MOST_UNDER_WAY) & 0xFF
        self._write(encode_frame(Frame(self._probe, Command.INFO.value)))

    def _resend(self, expected: int) -> None:
        """Send again from the command that the board waits for."""
        ahead = (expected - self._first) & 0xFF
        if ahead > len(self._window):
            raise LineError(f"the board waits for command {expected}, which was not sent")
        self._probe = None
        for _, content, _ in list(self._window)[ahead:]:
            self.losses.resent += 1
            self._write(content)

    def _refused(self, refusal: Refusal) -> None:
        place = (refusal.sequence - self._first) & 0xFF
        is_under_way = place < len(self._window)
        if refusal.error not in NOT_TAKEN:
            command = self._window[place][0].name if is_under_way else "a command"
            reason = f": {REASONS[refusal.error]}" if refusal.error in REASONS else ""
            raise BoardError(
                f"{self.name}: the board refuses {command}: {refusal.error.name}{reason}"
            )
        # Whatever was refused on the way to a probe is sent again when the probe is back.
        if self._probe is not None:
            if refusal.error == Error.SEQUENCE and refusal.sequence == self._probe:
                self._resend(refusal.expected)
        elif refusal.error != Error.SEQUENCE or is_under_way:
            self._send_probe()

    def _handle(self, messages: Iterable[Message]) -> None:
        for message in messages:
            match message:
                case Acknowledgement():
                    done = (message.next - self._first) & 0xFF
                    if not 0 < done <= len(self._window):
                        continue
                    self._first = message.next
                    for _ in range(done):
                        taken, _, size = self._window.popleft()
                        self._used -= size
                        self._replies -= self._due(taken)
                    if self._replies < 0:
                        raise LineError("a reply was lost")
                    self._messages += self._unsure
                    self._unsure.clear()
                case Refusal():
                    self._refused(message)
                    continue
                case Answer():
                    self._replies += message.ends or self._due(Command.READ)
                    # That no READ before it has lost its answer, the acknowledgement tells.
                    unsure = self._unsure or not message.ends
                    (self._unsure if unsure else self._messages).append(message)
                case _:
                    self._replies += 1
                    self._messages.append(message)
            self._progress = self.now_s()

    def _due(self, command: Command) -> int:
        """Replies that a command must have: a board that decides early may not answer READ."""
        if command == Command.READ:
            return int(self.info is not None and not self.info.early_exit)
        return REPLIES.get(command, 0)

    def _read(self, block: bool) -> list[Message]:
        """Messages that have come; with ``block``, a short time is waited for the first byte."""
        try:
            received = self._port.read(1) if block else b""
            received += self._port.read(self._port.in_waiting)
        except OSError as error:
            raise BoardError(f"{self.name}: the port has disappeared: {error}") from None
        messages = []
        errors = self._reader.errors
        for frame in self._reader.feed(received):
            try:
                messages.append(read_message(frame, self.info))
            except ProtocolError:
                self.losses.replies += 1
            except VersionError as error:
                raise BoardError(f"{self.name}: {error}") from None
        self.losses.replies += self._reader.errors - errors
        return messages

    def _write(self, content: bytes) -> None:
        try:
            self._port.write(content)
        except OSError as error:
            raise BoardError(f"{self.name}: the port takes nothing: {error}") from None
