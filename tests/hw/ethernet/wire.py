"""Wire of a simulated Ethernet port, and packets as scapy makes them."""

import struct
import zlib
from collections.abc import Iterable
from typing import Any

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from tickless.hw.ethernet.config import EthernetConfig

BOARD = EthernetConfig()

HOST_MAC, HOST_IP, HOST_PORT = "00:1b:21:3c:4d:5e", "192.168.1.7", 40123

BROADCAST = "ff:ff:ff:ff:ff:ff"

HEADER = struct.Struct("<BBHII")

OPENS, AGAIN = 1, 2

PREAMBLE = bytes([0x55] * 7 + [0xD5])

GAP = 12

WAIT_CLOCKS = 4_000


def mac_text(mac: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in mac)


def framed(packet: Any) -> bytes:
    """Bytes of a frame: padded, with its check."""
    content = bytes(packet).ljust(60, b"\0")
    return content + zlib.crc32(content).to_bytes(4, "little")


def datagram(
    content: bytes = b"",
    session: int = 1,
    position: int = 0,
    received: int = 0,
    flags: int = 0,
    version: int = 1,
    udp: dict[str, Any] | None = None,
    ip: dict[str, Any] | None = None,
    **ether: Any,
) -> bytes:
    """Frame with a datagram from the host to the board, fields of its layers changed."""
    payload = HEADER.pack(version, flags, session, position, received) + content
    return framed(
        Ether(**({"src": HOST_MAC, "dst": mac_text(BOARD.mac)} | ether))
        / IP(**({"src": HOST_IP, "dst": BOARD.address} | (ip or {})))
        / UDP(**({"sport": HOST_PORT, "dport": BOARD.port} | (udp or {})))
        / Raw(payload)
    )


def request(address: str = BOARD.address, **arp: Any) -> bytes:
    """Frame that asks for the MAC address of an IP address."""
    fields = {"op": 1, "hwsrc": HOST_MAC, "psrc": HOST_IP, "pdst": address} | arp
    return framed(Ether(src=HOST_MAC, dst=BROADCAST) / ARP(**fields))


def unframed(frame: bytes) -> Any:
    """Packet of a frame from the board, whose length and check are asserted."""
    assert 64 <= len(frame) <= 1518
    assert zlib.crc32(frame[:-4]).to_bytes(4, "little") == frame[-4:]
    return Ether(frame[:-4])


def contents(frame: bytes) -> tuple[int, int, int, int, bytes]:
    """Flags, session, position, received and bytes of a datagram from the board to the host.

    Asserts that every layer is as it must be.
    """
    packet = unframed(frame)
    assert (packet.src, packet.dst) == (mac_text(BOARD.mac), HOST_MAC)
    ip, udp = packet[IP], packet[UDP]
    assert (ip.src, ip.dst, ip.version, ip.ihl) == (BOARD.address, HOST_IP, 4, 5)
    assert (udp.sport, udp.dport) == (BOARD.port, HOST_PORT)
    assert ip.len == udp.len + 20
    fresh = IP(bytes(ip))
    del fresh.chksum
    assert IP(bytes(fresh)).chksum == ip.chksum
    payload = bytes(udp.payload)[: udp.len - 8]
    version, flags, session, position, received = HEADER.unpack(payload[: HEADER.size])
    assert version == 1
    return flags, session, position, received, payload[HEADER.size :]


class Wire:
    """Both directions of a GMII.

    Attributes
    ----------
    frames : list of bytes
        Frames from the board that nobody has waited for.
    """

    def __init__(self, gmii: Any):
        self.gmii = gmii
        self.frames: list[bytes] = []

    async def send_raw(self, ctx, content: Iterable[int], errors: Iterable[int] = ()) -> None:
        """Send bytes as they are, a gap behind them; those at places ``errors`` marked as wrong."""
        gmii, errors, wrong = self.gmii, set(errors), False
        ctx.set(gmii.rx_valid, 1)
        for place, byte in enumerate(content):
            ctx.set(gmii.rx_data, byte)
            if wrong != (place in errors):  # what is set is simulated at once, even if it is equal
                wrong = not wrong
                ctx.set(gmii.rx_error, wrong)
            await ctx.tick()
        ctx.set(gmii.rx_valid, 0)
        ctx.set(gmii.rx_error, 0)
        for _ in range(GAP):
            await ctx.tick()

    async def send(self, ctx, *frames: bytes) -> None:
        for frame in frames:
            await self.send_raw(ctx, PREAMBLE + frame)

    async def listen(self, ctx) -> None:
        """Background testbench that records frames from the board."""
        gmii = self.gmii
        taken, silence = bytearray(), GAP
        async for *_, valid, byte in ctx.tick().sample(gmii.tx_valid, gmii.tx_data):
            if valid:
                assert taken or silence >= GAP, f"a gap of {silence} bytes"
                taken.append(byte)
                silence = 0
            else:
                silence += 1
                if taken:
                    assert taken[:8] == PREAMBLE
                    self.frames.append(bytes(taken[8:]))
                    taken.clear()

    async def frame(self, ctx) -> bytes:
        """The next frame from the board."""
        for _ in range(WAIT_CLOCKS):
            if self.frames:
                return self.frames.pop(0)
            await ctx.tick()
        raise AssertionError("no frame from the board")

    async def silence(self, ctx, clocks: int = 400) -> None:
        """Assert that nothing comes."""
        for _ in range(clocks):
            await ctx.tick()
        assert not self.frames, f"{len(self.frames)} frames: expected none"
