"""Board in software behind a UDP port: what answers where no board is."""

import select
import socket
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from tickless.host.datagrams import Datagram, read_datagram, wrapped
from tickless.host.frames import Frame, FrameReader, encode_frame
from tickless.host.port import LOOPBACK
from tickless.host.protocol import Info, encode
from tickless.hw.ethernet.datagram import HEADER_BYTES, MOST_BYTES
from tickless.hw.host.messages import (
    INFO_LAYOUT,
    Command,
    Reply,
    answer_message,
)
from tickless.hw.packet import Kind

__all__ = ["BoardEnd", "SoftwareBoard", "checksum_answer", "serve"]

Answering = Callable[[bytes], Sequence[int]]
"""Logits for the events of a sample, as EVENTS carried them."""


class BoardEnd:
    """Board's end of a session, as `hw.ethernet.port` is one.

    Members
    -------
    out : bytearray
        Bytes to the host that it has not acknowledged.
    """

    def __init__(self):
        self.out = bytearray()
        self._session: int | None = None
        self._expected = self._kept = self._sent = 0

    def take(self, datagram: Datagram) -> bytes | None:
        """New bytes of the host; None if the datagram is of no session."""
        if datagram.session != self._session:
            if not datagram.opens or datagram.position or datagram.content:
                return None
            self.__init__()
            self._session = datagram.session
            return b""
        done = wrapped(datagram.received - self._kept)
        if done <= len(self.out):
            del self.out[:done]
            self._kept += done
            self._sent = self._kept if datagram.again else max(self._sent, self._kept)
        if datagram.position != wrapped(self._expected):
            return b""
        self._expected += len(datagram.content)
        return datagram.content

    def datagrams(self) -> list[bytes]:
        """Payloads that answer what has been taken, with all bytes that were not sent."""
        payloads = []
        while not payloads or self._sent < self._kept + len(self.out):
            start = self._sent - self._kept
            content = bytes(self.out[start : start + MOST_BYTES])
            positions = (wrapped(self._sent), wrapped(self._expected))
            payloads.append(Datagram(self._session or 0, *positions, content).encode())
            self._sent += len(content)
        return payloads


class SoftwareBoard:
    """What a board does with commands; it stores no sample and counts nothing.

    Parameters
    ----------
    info : Info
        What it says it is; without early exit.
    answer : callable
        Logits for a sample.
    """

    def __init__(self, info: Info, answer: Answering):
        self.info, self._answer = info, answer
        self._reader = FrameReader()
        self._sample: list[bytes] = []
        self._samples = self._replied = self._next = 0

    def feed(self, content: bytes) -> bytes:
        """Replies to some more bytes of the line."""
        replies = []
        acknowledged = self._next
        for frame in self._reader.feed(content):
            if frame.kind != Command.SYNC.value and frame.sequence != self._next:
                continue
            self._next = (frame.sequence + 1) & 0xFF
            if (reply := self._carry_out(frame)) is not None:
                replies.append(self._reply(*reply))
        if self._next != acknowledged or replies:
            replies.append(self._reply(Reply.ACK, bytes([self._next])))
        return b"".join(replies)

    def _carry_out(self, frame: Frame) -> tuple[Reply, bytes] | None:
        match frame.kind:
            case Command.SYNC.value:
                self._sample.clear()
                self._samples = 0
                return Reply.SYNCED, frame.data
            case Command.INFO.value:
                return Reply.INFO, encode(INFO_LAYOUT, **vars(self.info))
            case Command.EVENTS.value:
                self._sample.append(frame.data)
            case Command.END.value:
                logits = self._answer(b"".join(self._sample))
                self._sample.clear()
                answer = {"kind": Kind.END, "class_index": int(np.argmax(logits)), "logits": logits}
                values = {"sample": self._samples & 0xFFFF, "clocks": 0, "latency": 0}
                self._samples += 1
                layout = answer_message(self.info.classes, False)
                return Reply.ANSWER, encode(layout, **values, answer=answer)
        return None

    def _reply(self, kind: Reply, content: bytes) -> bytes:
        self._replied += 1
        return encode_frame(Frame((self._replied - 1) & 0xFF, kind.value, content))


def serve(board: SoftwareBoard, announce: Callable[[int], None]) -> None:
    """Be a board on loopback until the process ends; ``announce`` is given its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        link.bind((LOOPBACK, 0))
        announce(link.getsockname()[1])
        end = BoardEnd()
        while True:
            payload, host = link.recvfrom(HEADER_BYTES + MOST_BYTES + 1)
            received = bytearray()
            taken = False
            while True:
                datagram = read_datagram(payload)
                if datagram is not None and (content := end.take(datagram)) is not None:
                    received += content
                    taken = True
                if not select.select([link], [], [], 0)[0]:
                    break
                payload, host = link.recvfrom(HEADER_BYTES + MOST_BYTES + 1)
            if taken:
                end.out += board.feed(bytes(received))
                for reply in end.datagrams():
                    link.sendto(reply, host)


def checksum_answer(classes: int) -> Answering:
    """Answers that show an order or a loss of events, and cost next to nothing."""

    def answer(content: bytes) -> Sequence[int]:
        return [zlib.crc32(content) >> 1, len(content), *[0] * (classes - 2)]

    return answer
