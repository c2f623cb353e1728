"""Board in a few lines of Python, for tests of the host's end of the line."""

import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tickless.host.frames import Frame, FrameReader, encode_frame
from tickless.host.protocol import Info
from tickless.hw.host.messages import (
    ERROR_LAYOUT,
    INFO_LAYOUT,
    LOADED_LAYOUT,
    PROTOCOL,
    REPLAYED_LAYOUT,
    Command,
    Error,
    Reply,
    answer_message,
    byte_count,
)
from tickless.hw.packet import Kind

INFO = Info(
    protocol=PROTOCOL,
    early_exit=False,
    cores=2,
    channels=2,
    height=34,
    width=34,
    classes=3,
    buffer_bytes=1022,
    stored_events=500,
    counter_bits=48,
    clock_hz=24_000_000,
    network=0x0123456789ABCDEF,
)

DESIGN = 0xFEDCBA9876543210
"""Number of its design: it is loadable."""

SILENT_READ_S, READ_S = 2e-3, 1e-5
"""What reads take on the board's clock, when nothing has come and when something has."""

Line = Callable[[bytes], list[bytes]]
"""What becomes of the bytes of a frame: pieces that arrive."""


def logits(content: bytes) -> tuple[int, int, int]:
    """What the board answers to the bytes of a sample's events: an order or a loss shows."""
    return len(content), zlib.crc32(content) >> 1, -1


def pack(layout, values) -> bytes:
    return layout.const(values).as_bits().to_bytes(byte_count(layout), "little")


class FakeBoard:
    """Port with a board behind it, and a clock that passes as it is read, however busy the machine.

    Parameters
    ----------
    to_board, to_host : callable
        The line's two directions; perfect by default.
    info : Info
        What it says it is.
    answer : callable
        Logits, and with early exit the deciding event, for the bytes of a sample's events.
    """

    def __init__(
        self,
        to_board: Line = lambda content: [content],
        to_host: Line = lambda content: [content],
        info: Info = INFO,
        answer: Callable[[bytes], tuple[Sequence[int], int | None]] = lambda c: (logits(c), None),
    ):
        self.to_board, self.to_host, self.info, self.answer = to_board, to_host, info, answer
        self.reader = FrameReader()
        self.output = bytearray()
        self.commands: deque[Frame] = deque()
        self.expected = self.errors = self.samples = 0
        self.sample, self.stored, self.image = b"", b"", b""
        self.frames: list[Frame] = []  # all that were taken
        self.is_dead = False
        self.seconds = 0.0

    # Port

    @property
    def in_waiting(self) -> int:
        return len(self.output)

    def read(self, size: int = 1) -> bytes:
        self.carry_out()
        self.seconds += READ_S if self.output or not size else SILENT_READ_S
        received = bytes(self.output[:size])
        del self.output[:size]
        return received

    def now_s(self) -> float:
        return self.seconds

    def write(self, content: bytes) -> int:
        for piece in self.to_board(content):
            errors = self.reader.errors
            for frame in self.reader.feed(piece):
                self.take(frame)
            if self.reader.errors > errors:
                self.refuse(Error.CRC, 0)
        return len(content)

    def __enter__(self) -> "FakeBoard":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    # Board

    def take(self, frame: Frame) -> None:
        used = sum(len(command.data) + 3 for command in self.commands)
        if frame.kind == Command.SYNC.value:
            self.commands.clear()
        elif frame.sequence != self.expected:
            self.refuse(Error.SEQUENCE, frame.sequence)
            return
        elif used + len(frame.data) + 3 > self.info.buffer_bytes:
            self.refuse(Error.ROOM, frame.sequence)
            return
        self.expected = (frame.sequence + 1) & 0xFF
        self.commands.append(frame)
        self.frames.append(frame)

    def refuse(self, error: Error, sequence: int) -> None:
        self.errors += 1
        values = {"error": error.value, "expected": self.expected, "sequence": sequence}
        self.reply(Reply.ERROR, pack(ERROR_LAYOUT, values))

    def carry_out(self) -> None:
        """One command: the others wait."""
        if not self.commands or self.is_dead:
            return
        frame = self.commands.popleft()
        match Command(frame.kind):
            case Command.SYNC:
                self.sample, self.stored, self.samples = b"", b"", 0
                self.reply(Reply.SYNCED, frame.data)
            case Command.INFO:
                values = vars(self.info)
                self.reply(Reply.INFO, pack(INFO_LAYOUT, values))
            case Command.EVENTS:
                self.sample += frame.data
            case Command.READ:
                self.tell(self.sample, Kind.READ)
            case Command.END:
                self.tell(self.sample, Kind.END)
                self.sample = b""
            case Command.STORE:
                self.stored += frame.data
            case Command.REPLAY:
                repeats = int.from_bytes(frame.data, "little")
                self.tell(self.stored, Kind.END)
                clocks = repeats * len(self.stored)
                self.reply(
                    Reply.REPLAYED, pack(REPLAYED_LAYOUT, {"repeats": repeats, "clocks": clocks})
                )
            case Command.LOAD:
                if int.from_bytes(frame.data, "little") == DESIGN:
                    self.image, self.info = b"", replace(self.info, network=0)
                else:
                    self.refuse(Error.DESIGN, frame.sequence)
            case Command.CHUNKS:
                self.image += frame.data
            case Command.LOADED:
                end = LOADED_LAYOUT.from_bits(int.from_bytes(frame.data, "little"))
                if end.check == zlib.crc32(self.image):
                    self.info = replace(self.info, network=end.network)
                else:
                    self.refuse(Error.IMAGE, frame.sequence)
            case Command.COUNTERS:
                names = 6 + (frame.data[0] == self.info.cores - 1)
                values = np.arange(names, dtype="<u8").view(np.uint8).reshape(-1, 8)[:, :6]
                self.reply(Reply.COUNTERS, frame.data + values.tobytes())
        self.reply(Reply.ACK, bytes([(frame.sequence + 1) & 0xFF]))

    def tell(self, content: bytes, kind: Kind) -> None:
        values, decision = self.answer(content)
        answer = {"kind": kind, "class_index": int(np.argmax(values)), "logits": values}
        if self.info.early_exit:
            answer |= {"decided": decision is not None, "event": decision or 0}
        message = {"sample": self.samples, "clocks": len(content), "latency": 7, "answer": answer}
        layout = answer_message(self.info.classes, self.info.early_exit)
        self.reply(Reply.ANSWER, pack(layout, message))
        self.samples += kind == Kind.END

    def reply(self, kind: Reply, content: bytes) -> None:
        for piece in self.to_host(encode_frame(Frame(0, kind.value, content))):
            self.output += piece
