"""Recordings in the formats in which event cameras' data sets lie on disk."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

__all__ = ["aedat4", "atis", "lz4", "npy", "write"]

Row = tuple[int, int, int, int]
"""x, y, polarity and microseconds."""


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def atis(rows: Sequence[Row]) -> bytes:
    """N-MNIST's and N-Caltech101's format: five bytes an event."""
    return b"".join(bytes((x, y)) + (p << 23 | t).to_bytes(3, "big") for x, y, p, t in rows)


def npy(rows: Sequence[Row], dtype: str = "<i8") -> bytes:
    """DVS-Gesture as tonic hands it on: a NumPy array of x, y, polarity and milliseconds."""
    array = np.array([(x, y, p, t // 1000) for x, y, p, t in rows], dtype).reshape(-1, 4)
    header = np.lib.format.header_data_from_array_1_0(array)
    text = f"{header}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + array.tobytes()


def lz4(content: bytes) -> bytes:
    """Frame of LZ4 with one block, stored as it is."""
    size = struct.pack("<I", len(content) | 1 << 31)
    return bytes.fromhex("04224d18604082") + size + content + bytes(4)


def aedat4(
    packets: Sequence[Sequence[Row]],
    compress: Callable[[bytes], bytes] = bytes,
    data_table: bytes | None = b"FTAB",
    kind: str = "EVTS",
) -> bytes:
    """CIFAR10-DVS as tonic hands it on: the format of iniVation's recorder.

    Parameters
    ----------
    packets : sequence of sequences
        Events of each packet.
    compress : callable
        `lz4`, or nothing.
    data_table : bytes, optional
        What stands behind the packets; without it the header gives no place for one.
    kind : str
        Type of the stream.
    """
    content = b"".join(_packet(rows, kind, compress) for rows in packets)
    start = len(_header(compress is lz4, 0, kind))
    position = -1 if data_table is None else start + len(content)
    return _header(compress is lz4, position, kind) + content + (data_table or b"")


def _header(compressed: bool, position: int, kind: str) -> bytes:
    description = (
        '<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">'
        '<node name="0" path="/mainloop/Recorder/outInfo/0/">'
        f'<attr key="typeIdentifier" type="string">{kind}</attr>'
        '<node name="info" path="/mainloop/Recorder/outInfo/0/info/">'
        '<attr key="sizeX" type="int">128</attr><attr key="sizeY" type="int">128</attr>'
        "</node></node></node></dv>"
    ).encode()
    # FlatBuffers: root and identifier, the index of the fields, the table, the text it refers to.
    body = struct.pack("<I4s", 20, b"IOHE") + struct.pack("<HHHHHxx", 10, 24, 4, 8, 16)
    body += struct.pack("<iiqIxxxx", 20 - 8, int(compressed), position, 8)
    body += struct.pack("<I", len(description)) + description + b"\0"
    return b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(body)) + body


def _packet(rows: Sequence[Row], kind: str, compress: Callable[[bytes], bytes]) -> bytes:
    body = struct.pack("<I4s", 16, kind.encode()) + struct.pack("<HHHxx", 6, 8, 4)
    body += struct.pack("<iII", 16 - 8, 4, len(rows))
    body += b"".join(struct.pack("<qhh?xxx", t, x, y, p) for x, y, p, t in rows)
    content = compress(struct.pack("<I", len(body)) + body)
    return struct.pack("<II", 0, len(content)) + content
