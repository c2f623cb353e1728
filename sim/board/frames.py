"""Ethernet frames around the datagrams of a simulated board."""

import struct
import zlib

from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.mac import LEAST_BYTES

__all__ = ["datagram_of", "frame_of"]

HOST = EthernetConfig("192.168.1.1", 40_000)
"""Addresses of whoever talks to a simulated board."""

PREAMBLE = b"\x55" * 7 + b"\xd5"

IPV4, UDP = b"\x08\x00", 17

HEADERS = 14 + 20 + 8


def frame_of(payload: bytes, board: EthernetConfig) -> bytes:
    """Frame, its preamble included, with the payload of a UDP packet from the host to a board."""
    udp_bytes = 8 + len(payload)
    pseudo = HOST.ip + board.ip + struct.pack(">HH", UDP, udp_bytes)
    ports = struct.pack(">HHH", HOST.port, board.port, udp_bytes)
    # A checksum of 0 would say that there is none.
    checksum = _checksum(pseudo + ports + payload) or 0xFFFF
    udp = ports + checksum.to_bytes(2, "big") + payload
    start, end = struct.pack(">BBHHHBB", 0x45, 0, 20 + udp_bytes, 0, 0, 64, UDP), HOST.ip + board.ip
    ip = start + _checksum(start + end).to_bytes(2, "big") + end
    frame = (board.mac + HOST.mac + IPV4 + ip + udp).ljust(LEAST_BYTES, b"\0")
    return PREAMBLE + frame + zlib.crc32(frame).to_bytes(4, "little")


def datagram_of(frame: bytes) -> bytes | None:
    """Payload of the UDP packet in a frame, its preamble included, to the host; None if there is
    none, or its check does not hold."""
    content, check = frame[len(PREAMBLE) : -4], frame[-4:]
    if zlib.crc32(content).to_bytes(4, "little") != check:
        return None
    if len(content) < LEAST_BYTES or content[:6] != HOST.mac or content[12:14] != IPV4:
        return None
    (udp_bytes,) = struct.unpack_from(">H", content, 38)
    return content[HEADERS : HEADERS - 8 + udp_bytes]


def _checksum(content: bytes) -> int:
    """Internet checksum (RFC 1071)."""
    content += bytes(len(content) % 2)
    total = sum(struct.unpack(f">{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
