import random

import pytest
from cobs import cobs

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.host.cobs import CobsDecoder, CobsEncoder
from tickless.hw.host.messages import CRC
from tickless.hw.host.sender import FrameSender


def frames(count, longest):
    """Frames with few zeros, many, and nothing else."""
    rng = random.Random(1)
    sizes = [1, 2, longest, *(rng.randint(1, longest) for _ in range(count))]
    return [bytes(rng.choice(range(3 ** (n % 6))) for _ in range(n)) for n in sizes]


def payloads(frames):
    return [
        {"byte": byte, "last": place == len(frame) - 1}
        for frame in frames
        for place, byte in enumerate(frame)
    ]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_encoder(pattern):
    sent = frames(15, 244)
    expected = b"".join(cobs.encode(frame) + b"\0" for frame in sent)
    dut = CobsEncoder()
    process, taken = collect(dut.o, len(expected), int, PATTERNS[pattern], 2)
    simulate(dut, send(dut.i, payloads(sent), PATTERNS[pattern], 3), process, clocks=40_000)
    assert bytes(taken) == expected


def test_sender_adds_the_check():
    sent = frames(15, 242)
    checked = [frame + CRC(8).compute(frame).to_bytes(2, "little") for frame in sent]
    expected = b"".join(cobs.encode(frame) + b"\0" for frame in checked)
    dut = FrameSender()
    process, taken = collect(dut.o, len(expected), int, 0.8, 2)
    simulate(dut, send(dut.i, payloads(sent), 0.8, 3), process)
    assert bytes(taken) == expected


def decoded(line: bytes) -> list[tuple[bytes, bool]]:
    """What the decoder makes of a line: frames, and whether each is broken."""
    found, frame = [], bytearray()
    dut = CobsDecoder()

    async def drive(ctx):
        ctx.set(dut.i_valid, 1)
        for byte in line:
            ctx.set(dut.i, byte)
            await ctx.tick()
            if ctx.get(dut.o_valid):
                frame.append(ctx.get(dut.o))
            if ctx.get(dut.end):
                if ctx.get(dut.empty):
                    assert not frame
                else:
                    found.append((bytes(frame), bool(ctx.get(dut.broken))))
                frame.clear()

    simulate(dut, drive)
    return found


def test_decoder():
    sent = frames(30, 253)
    line = b"\0\0".join(cobs.encode(frame) for frame in sent) + b"\0"
    assert decoded(line) == [(frame, False) for frame in sent]


def test_decoder_reports_broken_frames():
    line = b"\x03\x01\x00" + cobs.encode(b"\0good") + b"\0"
    assert decoded(line) == [(b"\x01", True), (b"\0good", False)]


def test_decoder_of_a_long_frame():
    (found, _), (after, _) = decoded(cobs.encode(bytes(range(1, 255)) * 2) + b"\0\x02\x07\0")
    assert len(found) >= 254
    assert after == b"\x07"
