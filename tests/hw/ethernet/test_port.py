"""The Ethernet port against packets that scapy makes: what is right arrives once and in order."""

import random
from functools import partial

import pytest
from scapy.layers.l2 import ARP, Ether

from tests.hw.ethernet.wire import (
    AGAIN,
    BOARD,
    BROADCAST,
    HOST_IP,
    HOST_MAC,
    OPENS,
    PREAMBLE,
    Wire,
    contents,
    datagram,
    framed,
    mac_text,
    request,
    unframed,
)
from tests.hw.stream_io import simulate
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.datagram import MOST_BYTES
from tickless.hw.ethernet.port import EthernetPort

FRAME = bytes(range(1, 40)) + b"\0"

FEW_CORRUPT = 250
"""Exchanges in which each of the wrong frames comes about ten times, half of them damaged further
where no check tells."""


class Board:
    """Port whose bytes are recorded, and whose replies a test gives."""

    def __init__(self, config: EthernetConfig = BOARD, chance: float = 1.0):
        self.port = EthernetPort(config)
        self.wire = Wire(self.port.gmii)
        self.received = bytearray()
        self.chance = chance

    async def take(self, ctx) -> None:
        rng = random.Random(7)
        stream, ready = self.port.o, True
        ctx.set(stream.ready, ready)
        async for *_, valid, byte in ctx.tick().sample(stream.valid, stream.payload):
            if valid and ready:
                self.received.append(byte)
            if ready != (rng.random() < self.chance):  # what is set is simulated at once
                ready = not ready
                ctx.set(stream.ready, ready)

    async def reply(self, ctx, content: bytes) -> None:
        stream = self.port.i
        for byte in content:
            ctx.set(stream.payload, byte)
            ctx.set(stream.valid, 1)
            await ctx.tick().until(stream.ready)
            ctx.set(stream.valid, 0)

    async def open(self, ctx, session: int = 1) -> None:
        await self.wire.send(ctx, datagram(session=session, flags=OPENS))
        assert contents(await self.wire.frame(ctx)) == (0, session, 0, 0, b"")

    async def expect(self, ctx, content: bytes) -> None:
        """Wait for as many bytes; assert that they are these."""
        for _ in range(4 * len(content)):
            if len(self.received) >= len(content):
                break
            await ctx.tick()
        assert self.received == content

    def run(self, test, clocks: int = 60_000) -> None:
        simulate(self.port, test, clocks=clocks, background=(self.wire.listen, self.take))


def test_a_broadcast_request_is_answered_and_others_are_not():
    board = Board()

    async def test(ctx):
        await board.wire.send(ctx, request("192.168.1.51"), request(op=2), request(plen=6))
        await board.wire.silence(ctx)
        await board.wire.send(ctx, request())
        packet = unframed(await board.wire.frame(ctx))
        assert (packet.src, packet.dst, packet.type) == (mac_text(BOARD.mac), HOST_MAC, 0x0806)
        answer = packet[ARP]
        assert (answer.op, answer.hwsrc, answer.psrc) == (2, mac_text(BOARD.mac), BOARD.address)
        assert (answer.hwdst, answer.pdst) == (HOST_MAC, HOST_IP)

    board.run(test)


def test_bytes_arrive_in_order_and_are_acknowledged():
    board = Board()
    parts = [bytes(random.Random(size).randbytes(size)) for size in (1, 2, 7, 6, 500, MOST_BYTES)]

    async def test(ctx):
        await board.open(ctx)
        position = 0
        for part in parts:
            await board.wire.send(ctx, datagram(part, position=position))
            position += len(part)
            assert contents(await board.wire.frame(ctx)) == (0, 1, 0, position, b"")
        await board.expect(ctx, b"".join(parts))

    board.run(test)


def test_a_checksum_of_an_odd_number_of_bytes_is_right():
    board = Board()
    # No filling of the frame is behind the last byte, the high one of its word.
    parts = [random.Random(seed).randbytes(40) + b"\xff" for seed in range(8)]

    async def test(ctx):
        await board.open(ctx)
        for index, part in enumerate(parts):
            await board.wire.send(ctx, datagram(part, position=index * len(part)))
            assert contents(await board.wire.frame(ctx))[3] == (index + 1) * len(part)
        await board.expect(ctx, b"".join(parts))

    board.run(test)


def test_datagrams_at_line_rate_are_all_taken():
    board = Board()
    parts = [bytes(random.Random(seed).randbytes(MOST_BYTES)) for seed in range(4)]

    async def test(ctx):
        await board.open(ctx)
        await board.wire.send(
            ctx, *(datagram(part, position=index * MOST_BYTES) for index, part in enumerate(parts))
        )
        for index in range(1, 5):
            assert contents(await board.wire.frame(ctx))[3] == index * MOST_BYTES
        await board.expect(ctx, b"".join(parts))

    board.run(test)


def test_what_is_lost_doubled_or_swapped_is_not_taken_and_the_answer_tells_what_is_expected():
    board = Board()

    async def test(ctx):
        await board.open(ctx)
        first, second, third = (datagram(FRAME, position=place * len(FRAME)) for place in range(3))
        for frame, expected in ((second, 0), (first, 1), (first, 1), (third, 1), (second, 2)):
            await board.wire.send(ctx, frame)
            assert contents(await board.wire.frame(ctx))[3] == expected * len(FRAME)
        await board.expect(ctx, FRAME * 2)

    board.run(test)


def wrong_frames(position: int):
    """Frames to an open session that waits for a position, none of which is right, by name."""
    frame = partial(datagram, FRAME, position=position)
    right = frame()
    corrupt = bytearray(right)
    corrupt[70] ^= 1
    yield "corrupt", bytes(corrupt)
    yield "cut", right[:-1]
    yield "long", right + b"\0"
    yield "runt", right[:30]
    yield "no check", right[:-4]
    yield "foreign MAC", frame(dst="02:54:c0:a8:01:33")
    yield "broadcast MAC", frame(dst=BROADCAST)
    yield "foreign IP", frame(ip={"dst": "192.168.1.51"})
    yield "broadcast IP", frame(ip={"dst": "255.255.255.255"})
    yield "foreign port", frame(udp={"dport": BOARD.port ^ 1})
    yield "IP checksum", frame(ip={"chksum": 0x1234})
    yield "UDP checksum", frame(udp={"chksum": 0x1234})
    yield "UDP length", frame(udp={"len": 20})
    yield "IP length", frame(ip={"len": 400})
    yield "IP length below that of its headers", frame(ip={"len": 21})
    whole = 20 + 8 + 12 + len(FRAME)
    for more in range(1, 5):  # as if the frame's check were a part of it
        udp = {"len": whole - 20 + more, "chksum": 0}
        yield f"{more} bytes of the frame's check", frame(ip={"len": whole + more}, udp=udp)
    yield "TCP", frame(ip={"proto": 6})
    yield "IPv6", frame(type=0x86DD)
    yield "a first fragment", frame(ip={"flags": "MF"})
    yield "a last fragment", frame(ip={"frag": 1})
    yield "another session", frame(session=2)
    yield "another host", frame(ip={"src": "192.168.1.8"})
    yield "another sender's port", frame(udp={"sport": 1})
    yield "another version", frame(version=2)
    yield "too long", datagram(bytes(MOST_BYTES + 1), position=position)
    yield "ethernet alone", framed(Ether(src=HOST_MAC, dst=mac_text(BOARD.mac)))


WRONG = dict(wrong_frames(0))


def test_a_wrong_frame_has_no_effect():
    board = Board()

    async def test(ctx):
        await board.wire.send(ctx, *WRONG.values())
        await board.open(ctx)
        for place, name in enumerate(WRONG):
            position = place * len(FRAME)
            await board.wire.send(ctx, dict(wrong_frames(position))[name])
            await board.wire.silence(ctx, 150)
            await board.wire.send(ctx, datagram(FRAME, position=position))
            *_, expected, _ = contents(await board.wire.frame(ctx))
            assert expected == (place + 1) * len(FRAME), name
        await board.expect(ctx, FRAME * len(WRONG))

    board.run(test)


def test_a_datagram_without_a_udp_checksum_is_taken():
    board = Board()

    async def test(ctx):
        await board.open(ctx)
        await board.wire.send(ctx, datagram(FRAME, udp={"chksum": 0}))
        assert contents(await board.wire.frame(ctx))[3] == len(FRAME)

    board.run(test)


def test_a_byte_marked_as_wrong_spoils_its_frame_and_no_other():
    board = Board()

    async def test(ctx):
        await board.open(ctx)
        frame = PREAMBLE + datagram(FRAME)
        for place in (0, 3, 8, 40, len(frame) - 1):
            await board.wire.send_raw(ctx, frame, [place])
        await board.wire.send_raw(ctx, b"\x55\x54" + frame)
        await board.wire.silence(ctx)
        await board.wire.send_raw(ctx, frame[5:])  # of a preamble some may be lost
        assert contents(await board.wire.frame(ctx))[3] == len(FRAME)

    board.run(test)


def test_replies_leave_whole_and_are_kept_until_they_are_acknowledged():
    board = Board()

    async def test(ctx):
        await board.open(ctx)
        await board.reply(ctx, FRAME[:-1])
        await board.wire.silence(ctx)
        await board.reply(ctx, FRAME[-1:])
        size = len(FRAME)
        assert contents(await board.wire.frame(ctx)) == (0, 1, 0, 0, FRAME)
        await board.wire.silence(ctx)
        await board.wire.send(ctx, datagram())
        assert contents(await board.wire.frame(ctx)) == (0, 1, size, 0, b"")
        await board.wire.send(ctx, datagram(flags=AGAIN))
        assert contents(await board.wire.frame(ctx)) == (0, 1, 0, 0, FRAME)
        await board.wire.send(ctx, datagram(flags=AGAIN, received=10))
        assert contents(await board.wire.frame(ctx)) == (0, 1, 10, 0, FRAME[10:])
        for nonsense in (5, size + 1, 1 << 31):  # acknowledged before, or never sent
            await board.wire.send(ctx, datagram(flags=AGAIN, received=nonsense))
            assert contents(await board.wire.frame(ctx)) == (0, 1, size, 0, b"")
        await board.wire.send(ctx, datagram(flags=AGAIN, received=size))
        assert contents(await board.wire.frame(ctx)) == (0, 1, size, 0, b"")

    board.run(test)


def test_what_arrived_beyond_a_repeated_part_is_not_sent_again():
    board = Board()

    async def test(ctx):
        await board.open(ctx)
        await board.reply(ctx, FRAME)
        await board.wire.frame(ctx)
        await board.wire.send(ctx, datagram(flags=AGAIN), datagram(received=len(FRAME)))
        await board.wire.frame(ctx)
        assert contents(await board.wire.frame(ctx))[2] == len(FRAME)

    board.run(test)


def test_a_full_outbox_takes_no_more_and_goes_on_when_bytes_are_acknowledged():
    board = Board(EthernetConfig(outbox_bytes=2048))
    replies = b"".join(bytes([1 + n % 255] * 99) + b"\0" for n in range(60))

    opened = []

    async def test(ctx):
        await board.open(ctx)
        opened.append(True)
        taken = bytearray()
        while len(taken) < len(replies):
            _, _, position, _, part = contents(await board.wire.frame(ctx))
            assert position == len(taken)
            taken += part
            await board.wire.send(ctx, datagram(received=len(taken)))
        assert taken == replies

    async def replying(ctx):
        while not opened:
            await ctx.tick()
        await board.reply(ctx, replies)

    simulate(
        board.port,
        test,
        clocks=60_000,
        background=(board.wire.listen, board.take, replying),
    )


def test_a_new_session_forgets_the_old_one_and_a_repeated_opening_is_none():
    board = Board()

    async def test(ctx):
        await board.open(ctx)
        await board.wire.send(ctx, datagram(FRAME))
        await board.wire.frame(ctx)
        await board.reply(ctx, FRAME)
        await board.wire.frame(ctx)
        await board.wire.send(ctx, datagram(flags=OPENS))
        assert contents(await board.wire.frame(ctx)) == (0, 1, len(FRAME), len(FRAME), b"")
        await board.open(ctx, 2)
        await board.wire.send(ctx, datagram(FRAME, position=len(FRAME)))
        await board.wire.silence(ctx)
        await board.wire.send(ctx, datagram(b"new", session=2))
        assert contents(await board.wire.frame(ctx)) == (0, 2, 0, 3, b"")
        await board.expect(ctx, FRAME + b"new")

    board.run(test)


def test_what_finds_no_room_is_not_acknowledged_and_comes_again():
    board = Board(EthernetConfig(inbox_bytes=2048), chance=0.25)
    content = random.Random(3).randbytes(3 * MOST_BYTES)

    async def test(ctx):
        await board.open(ctx)
        received = refused = 0
        while received < len(content):
            part = content[received : received + MOST_BYTES]
            await board.wire.send(ctx, datagram(part, position=received))
            *_, expected, _ = contents(await board.wire.frame(ctx))
            refused += expected == received
            received = expected
        assert refused > 0
        await board.expect(ctx, content)

    board.run(test, 200_000)


@pytest.mark.parametrize("exchanges", [FEW_CORRUPT, pytest.param(1_000, marks=pytest.mark.long)])
def test_corrupt_exchanges_leave_a_port_that_works(exchanges):
    board = Board()
    rng = random.Random(20)

    def damaged() -> bytes:
        frame = bytearray(rng.choice([*WRONG.values(), datagram(FRAME, flags=OPENS | AGAIN)]))
        for _ in range(rng.randrange(1, 4)):
            match rng.randrange(4):
                case 0:
                    frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
                case 1:
                    del frame[rng.randrange(len(frame)) :]
                case 2:
                    start = rng.randrange(len(frame))
                    del frame[start : start + rng.randrange(1, 9)]
                case 3:
                    frame += rng.randbytes(rng.randrange(1, 80))
            frame = frame or bytearray(1)
        # The check holds of every second one: what is wrong with it is for the layers above.
        return framed(bytes(frame[:-4])) if rng.random() < 0.5 else bytes(frame)

    async def test(ctx):
        await board.open(ctx, 77)
        for _ in range(exchanges):
            frame = damaged()[:110]
            await board.wire.send_raw(ctx, PREAMBLE[rng.randrange(8) :] + frame)
        board.wire.frames.clear()
        board.received.clear()
        await board.wire.send(ctx, datagram(session=78, flags=OPENS))
        while contents(await board.wire.frame(ctx))[1] != 78:
            pass
        await board.wire.send(ctx, datagram(FRAME, session=78))
        assert contents(await board.wire.frame(ctx)) == (0, 78, 0, len(FRAME), b"")
        await board.expect(ctx, FRAME)

    board.run(test, 400_000)
