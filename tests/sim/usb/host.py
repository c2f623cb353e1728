"""USB host for simulations: packets, transactions and requests (USB 2.0, chapters 8 and 9)."""

import random
from collections import Counter

from tests.sim.usb.phy import UlpiPhy

__all__ = ["DATA_ENDPOINT", "PACKET_BYTES", "UsbHost"]

OUT, IN, SETUP = 0x1, 0x9, 0xD
DATA = 0x3, 0xB
ACK, NAK, STALL = 0x2, 0xA, 0xE

DATA_ENDPOINT = 4
PACKET_BYTES = 512

ANSWER_CLOCKS = 400
"""Longest wait for the device's packet."""

GAP_CLOCKS = 12

ATTEMPTS = 1000


def identifier(pid: int) -> bytes:
    """The byte of a packet identifier."""
    return bytes([pid | (pid ^ 15) << 4])


def crc16(content: bytes) -> bytes:
    """Check of data, the lower byte first."""
    value = 0xFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return (value ^ 0xFFFF).to_bytes(2, "little")


def crc5(value: int) -> int:
    """Check of the 11 bits of a token."""
    check = 0x1F
    for place in range(11):
        check = check >> 1 ^ (0x14 if (check ^ value >> place) & 1 else 0)
    return check ^ 0x1F


class UsbHost:
    """Host at the other side of a PHY.

    Members
    -------
    faults : float
        Share of the packets of bulk transfers, either way, that arrive wrong or not at all.
    address : int
        The device's.
    count : Counter
        Transactions by their outcome.
    """

    def __init__(self, phy: UlpiPhy, seed: int = 0):
        self.phy, self.rng = phy, random.Random(seed)
        self.begin()

    def begin(self) -> None:
        """Know nothing of the device, which has been reset."""
        self.faults = 0.0
        self.address = 0
        self.toggles = {OUT: 0, IN: 0}
        self.count: Counter[str] = Counter()

    async def out(self, content: bytes) -> None:
        """Bulk data to the device, until it is acknowledged."""
        for _ in range(ATTEMPTS):
            await self._token(OUT, DATA_ENDPOINT)
            await self._data(self.toggles[OUT], content)
            answer = await self._answer()
            if answer == identifier(ACK):
                self.toggles[OUT] ^= 1
                self.count["taken"] += 1
                return
            self.count["refused" if answer == identifier(NAK) else "unanswered"] += 1
        raise AssertionError(f"a packet was never taken: {self.count}")

    async def bulk(self) -> bytes | None:
        """Bulk data of the device; None if there is none, or it came wrong or twice."""
        await self._token(IN, DATA_ENDPOINT)
        return await self._received(IN)

    async def control(self, request: bytes, length: int = 0) -> bytes:
        """A request of 8 bytes to endpoint 0, and what the device says to it."""
        await self._token(SETUP, 0)
        await self._data(0, request)
        assert await self._answer() == identifier(ACK)
        said, toggle = b"", 1
        while length and (len(said) < length):
            part = await self._part(toggle)
            said, toggle = said + part, toggle ^ 1
            if len(part) < 64:
                break
        if length:
            await self._token(OUT, 0)
            await self._data(1, b"")
            assert await self._answer() == identifier(ACK)
        else:
            assert await self._part(1) == b""
        return said

    async def _part(self, toggle: int) -> bytes:
        """A packet of endpoint 0, waited for."""
        for _ in range(ATTEMPTS):
            await self._token(IN, 0)
            answer = await self._answer()
            if answer != identifier(NAK):
                assert answer[:1] == identifier(DATA[toggle])
                assert answer[-2:] == crc16(answer[1:-2])
                await self._send(identifier(ACK), sure=True)
                return answer[1:-2]
        raise AssertionError("endpoint 0 has nothing to say")

    async def _received(self, direction: int) -> bytes | None:
        answer = await self._answer()
        if answer == identifier(NAK):
            self.count["nothing"] += 1
            return None
        whole = len(answer) >= 3 and answer[-2:] == crc16(answer[1:-2])
        if not whole:
            self.count["unanswered" if not answer else "wrong"] += 1
            return None
        await self._send(identifier(ACK))
        if answer[:1] != identifier(DATA[self.toggles[direction]]):
            self.count["again"] += 1
            return None
        self.toggles[direction] ^= 1
        self.count["given"] += 1
        return answer[1:-2]

    async def _token(self, pid: int, endpoint: int) -> None:
        value = self.address | endpoint << 7
        word = value | crc5(value) << 11
        await self._send(identifier(pid) + word.to_bytes(2, "little"), sure=endpoint == 0)

    async def _data(self, toggle: int, content: bytes) -> None:
        await self._send(identifier(DATA[toggle]) + content + crc16(content))

    async def _send(self, content: bytes, sure: bool = False) -> None:
        """Send a packet, unless it is lost on the way; it may lose a bit."""
        await self.phy.idle(GAP_CLOCKS)
        chance = 1.0 if sure else self.rng.random()
        if chance < self.faults / 2:
            self.count["lost"] += 1
            return
        if chance < self.faults:
            self.count["corrupt"] += 1
            place = self.rng.randrange(8 * len(content))
            damaged = bytearray(content)
            damaged[place // 8] ^= 1 << place % 8
            content = bytes(damaged)
        await self.phy.packet(content)

    async def _answer(self) -> bytes:
        """The device's next packet; empty if none comes, or it is lost."""
        for _ in range(ANSWER_CLOCKS):
            if self.phy.sent:
                break
            await self.phy.idle()
        if not self.phy.sent:
            return b""
        packet = self.phy.sent.pop(0)
        assert not self.phy.sent
        if self.rng.random() < self.faults / 2:
            self.count["lost"] += 1
            return b""
        return packet
