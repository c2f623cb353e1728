"""Frames of the serial link and their bytes; `docs/host.md` is the protocol."""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from cobs import cobs

from tickless.hw.host.messages import DATA_BYTES

__all__ = ["Frame", "FrameReader", "encode_frame"]

REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in the opposite order."""


@dataclass(frozen=True)
class Frame:
    """Frame without its check and its end.

    Members
    -------
    sequence, kind : int
        Bytes 0 and 1: the number, and a `Command` or a `Reply`.
    data : bytes
        At most `DATA_BYTES`.
    """

    sequence: int
    kind: int
    data: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    """Bytes of a frame on the wire, its end included."""
    if len(frame.data) > DATA_BYTES:
        raise ValueError(f"{len(frame.data)} bytes of data: expected at most {DATA_BYTES}")
    body = bytes((frame.sequence, frame.kind)) + frame.data
    return cobs.encode(body + _check(body)) + b"\0"


class FrameReader:
    """Cuts a stream of bytes into frames; what is none is dropped and counted.

    Members
    -------
    errors : int
        Pieces between two 00 that were no frame.
    """

    def __init__(self):
        self.errors = 0
        self._rest = bytearray()

    def feed(self, received: bytes) -> Iterator[Frame]:
        """Frames that some more bytes complete."""
        *pieces, rest = (self._rest + received).split(b"\0")
        # A frame is one COBS block: what is longer will be none, and is not kept.
        self._rest = rest[: DATA_BYTES + 6]
        for piece in filter(None, pieces):
            try:
                body = cobs.decode(bytes(piece))
            except cobs.DecodeError:
                body = b""
            if 4 <= len(body) <= DATA_BYTES + 4 and _check(body[:-2]) == body[-2:]:
                yield Frame(body[0], body[1], body[2:-2])
            else:
                self.errors += 1


def _check(body: bytes) -> bytes:
    """`hw.host.messages.CRC` of a frame's body, lowest byte first.

    Python's own CRC has the same polynomial, but takes and gives each byte's highest bit first.
    Amaranth's software takes 0.6 ms a frame, most of the time that a frame takes on the line.
    """
    crc = binascii.crc_hqx(body.translate(REVERSED), 0xFFFF) ^ 0xFFFF
    return crc.to_bytes(2, "big").translate(REVERSED)
