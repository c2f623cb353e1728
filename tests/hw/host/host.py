"""Host on the other end of a simulated serial line."""

from collections.abc import Iterable
from typing import Any

from cobs import cobs

from hw.host.messages import CRC, Command, Reply

__all__ = ["Host", "decode", "encode"]

CRC_BYTES = 2

WAIT_CLOCKS = 20_000


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

    Parameters
    ----------
    rx, tx : Signal
        The line, to and from the board.
    divisor : int
        Clocks of a bit.

    Attributes
    ----------
    sequence : int
        Number of the next command.
    replies : list of (Reply, bytes)
        Replies that nobody has waited for, ACKs apart.
    acknowledged : int or None
        What the last ACK said.
    """

    def __init__(self, rx, tx, divisor: int):
        self.rx, self.tx, self.divisor = rx, tx, divisor
        self.sequence = 0
        self.replies: list[tuple[Reply, bytes]] = []
        self.acknowledged: int | None = None
        self.replied = 0

    async def write(self, ctx, data: Iterable[int], stop: int = 1) -> None:
        """Send bytes as they are, with any stop bit."""
        for byte in data:
            for bit in (0, *(byte >> place & 1 for place in range(8)), stop):
                ctx.set(self.rx, bit)
                await ctx.tick().repeat(self.divisor)
            ctx.set(self.rx, 1)

    async def send(self, ctx, command: Command, data: bytes = b"") -> None:
        """Send a command."""
        await self.write(ctx, encode(self.sequence, command.value, data))
        self.sequence = (self.sequence + 1) % 256

    async def listen(self, ctx) -> None:
        """Background testbench that records what the board sends."""
        frame = bytearray()
        while True:
            await ctx.negedge(self.tx)
            await ctx.tick().repeat(self.divisor // 2)
            byte = 0
            for place in range(8):
                await ctx.tick().repeat(self.divisor)
                byte |= ctx.get(self.tx) << place
            await ctx.tick().repeat(self.divisor)
            assert ctx.get(self.tx), "no stop bit"
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
        for _ in range(WAIT_CLOCKS // 10):
            if self.replies:
                found, data = self.replies.pop(0)
                assert found is kind, f"{found.name} {data.hex()}: expected {kind.name}"
                return data
            await ctx.tick().repeat(10)
        raise AssertionError(f"no reply: expected {kind.name}")

    async def message(self, ctx, kind: Reply, layout) -> Any:
        """Fields of the next reply, which is of this kind and layout."""
        data = await self.reply(ctx, kind)
        assert len(data) == -(-layout.size // 8)
        return layout.from_bits(int.from_bytes(data, "little"))

    async def settle(self, ctx) -> None:
        """Wait until everything that was sent is acknowledged."""
        for _ in range(WAIT_CLOCKS // 10):
            if self.acknowledged == self.sequence:
                return
            await ctx.tick().repeat(10)
        raise AssertionError(f"acknowledged to {self.acknowledged}: expected {self.sequence}")
