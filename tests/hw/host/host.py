"""Host of a simulated board."""

from collections.abc import Iterable
from typing import Any

from cobs import cobs

from tickless.hw.host.messages import CRC, Command, Reply

__all__ = ["SEEN_CLOCKS", "ByteHost", "Host", "SerialHost", "decode", "encode"]

CRC_BYTES = 2

WAIT_CLOCKS = 5_000

SEEN_CLOCKS = 4
"""Clocks from an edge of a serial line to the receiver, and one to what it does."""


def encode(sequence: int, kind: int, data: bytes = b"") -> bytes:
    """A frame on the wire."""
    body = bytes([sequence, kind]) + data
    check = CRC(8).compute(body).to_bytes(CRC_BYTES, "little")
    return cobs.encode(body + check) + b"\0"


def decode(frame: bytes) -> tuple[int, int, bytes]:
    """Sequence number, type and data of a frame without its zero; checks it."""
    body = cobs.decode(frame)
    check = int.from_bytes(body[-CRC_BYTES:], "little")
    assert check == CRC(8).compute(body[:-CRC_BYTES])
    return body[0], body[1], body[2:-CRC_BYTES]


class Host:
    """Host that sends what a test wants and records every reply.

    Attributes
    ----------
    sequence : int
        Number of the next command.
    replies : list of (Reply, bytes)
        Replies that nobody has waited for, ACKs apart.
    acknowledged : int or None
        What the last ACK said.
    """

    def __init__(self):
        self.sequence = 0
        self.replies: list[tuple[Reply, bytes]] = []
        self.acknowledged: int | None = None
        self.replied = 0

    async def write(self, ctx, data: Iterable[int], stop: int = 1) -> None:
        """Send bytes as they are; those without a stop bit are lost."""
        raise NotImplementedError

    async def read(self, ctx) -> int:
        """The next byte from the board."""
        raise NotImplementedError

    async def send(self, ctx, command: Command | Reply, data: bytes = b"") -> None:
        """Send a command."""
        await self.write(ctx, encode(self.sequence, command.value, data))
        self.sequence = (self.sequence + 1) % 256

    async def listen(self, ctx) -> None:
        """Background testbench that records what the board sends."""
        frame = bytearray()
        while True:
            byte = await self.read(ctx)
            if byte:
                frame.append(byte)
                continue
            sequence, kind, data = decode(bytes(frame))
            frame.clear()
            assert sequence == self.replied % 256
            self.replied += 1
            if Reply(kind) is Reply.ACK:
                self.acknowledged = data[0]
            else:
                self.replies.append((Reply(kind), data))

    async def reply(self, ctx, kind: Reply) -> bytes:
        """Data of the next reply, which is of this kind."""
        for _ in range(WAIT_CLOCKS):
            if self.replies:
                found, data = self.replies.pop(0)
                assert found is kind, f"{found.name} {data.hex()}: expected {kind.name}"
                return data
            await ctx.tick()
        raise AssertionError(f"no reply: expected {kind.name}")

    async def message(self, ctx, kind: Reply, layout) -> Any:
        """Fields of the next reply, which is of this kind and layout."""
        data = await self.reply(ctx, kind)
        assert len(data) == -(-layout.size // 8)
        return layout.from_bits(int.from_bytes(data, "little"))

    async def settle(self, ctx) -> None:
        """Wait until everything that was sent is acknowledged."""
        for _ in range(WAIT_CLOCKS):
            if self.acknowledged == self.sequence:
                return
            await ctx.tick()
        raise AssertionError(f"acknowledged to {self.acknowledged}: expected {self.sequence}")


class ByteHost(Host):
    """Host of a `HostLink`, without a serial line.

    Parameters
    ----------
    link : HostLink
        The board.
    clocks : int
        Clocks of a byte from the board, at least 1.
    """

    def __init__(self, link, clocks: int = 1):
        super().__init__()
        self.link, self.clocks = link, clocks

    async def write(self, ctx, data, stop=1):
        link = self.link
        for byte in data:
            ctx.set(link.i, byte)
            ctx.set(link.i_valid, stop)
            ctx.set(link.i_error, not stop)
            await ctx.tick()
        ctx.set(link.i_valid, 0)
        ctx.set(link.i_error, 0)

    async def read(self, ctx):
        ctx.set(self.link.o.ready, 0)
        await _wait(ctx, self.clocks - 1)
        ctx.set(self.link.o.ready, 1)
        while not ctx.get(self.link.o.valid):
            await ctx.tick()
        byte = ctx.get(self.link.o.payload)
        await ctx.tick()
        return byte


class SerialHost(Host):
    """Host of a `System`.

    Parameters
    ----------
    rx, tx : Signal
        The line, to and from the board; all samples of a clock are alike.
    divisor : int
        Clocks of a bit.
    """

    def __init__(self, rx, tx, divisor: int):
        super().__init__()
        self.rx, self.tx, self.divisor = rx, tx, divisor
        self.high = (1 << len(rx)) - 1

    async def write(self, ctx, data, stop=1):
        for byte in data:
            for bit in (0, *(byte >> place & 1 for place in range(8)), stop):
                ctx.set(self.rx, bit * self.high)
                await ctx.tick().repeat(self.divisor)
            ctx.set(self.rx, self.high)
        if not stop:
            await _wait(ctx, self.divisor + SEEN_CLOCKS)

    async def read(self, ctx):
        while ctx.get(self.tx):
            await ctx.tick()
        await _wait(ctx, self.divisor // 2)
        byte = 0
        for place in range(8):
            await _wait(ctx, self.divisor)
            byte |= ctx.get(self.tx) << place
        await _wait(ctx, self.divisor)
        assert ctx.get(self.tx), "no stop bit"
        return byte


async def _wait(ctx, clocks: int) -> None:
    """Wait; a testbench that ends in ``repeat`` cannot be collected without a warning."""
    for _ in range(clocks):
        await ctx.tick()
