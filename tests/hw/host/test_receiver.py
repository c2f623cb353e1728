import random

import pytest
from cobs import cobs

from tests.hw.host.host import encode
from tests.hw.stream_io import simulate
from tickless.hw.host.messages import CRC, Command, Error
from tickless.hw.host.receiver import FrameReceiver

LOST = None
"""A byte of the line without its stop bit."""


def run(line, buffer_bytes=1024, reads_from=0):
    """Send a line, one byte a clock, and read commands from one of its bytes on.

    Returns
    -------
    commands, errors, counts
        Bytes of commands, ``(error, sequence)``, numbers of frames taken and refused.
    """
    dut = FrameReceiver(buffer_bytes)
    commands, errors, counts = bytearray(), [], [0, 0]

    async def drive(ctx):
        ctx.set(dut.error.ready, 1)
        for place in range(len(line) + buffer_bytes):
            byte = line[place] if place < len(line) else 0
            ctx.set(dut.i, 0x55 if byte is LOST else byte)
            ctx.set(dut.i_valid, byte is not LOST)
            ctx.set(dut.i_error, byte is LOST)
            ctx.set(dut.o.ready, place >= reads_from)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                commands.append(ctx.get(dut.o.payload))
            if ctx.get(dut.error.valid):
                errors.append((Error(ctx.get(dut.error.p.error)), ctx.get(dut.error.p.sequence)))
            counts[0] += ctx.get(dut.taken)
            counts[1] += ctx.get(dut.refused)
            await ctx.tick()

    simulate(dut, drive)
    return bytes(commands), errors, counts


def command(sequence, kind, data=b""):
    return bytes([len(data), sequence, kind]) + data


def broken(rng, sequence):
    """A frame that is refused, and what for; the number where it can be read."""
    data = rng.randbytes(rng.randint(1, 30)).replace(b"\0", b"\1")
    good = encode(sequence, 3, data)
    body = bytes([sequence, 3]) + data
    long = body + bytes(rng.randrange(256) for _ in range(244 - len(body) + rng.randint(1, 400)))
    other = (sequence + rng.randint(1, 255)) % 256
    where = rng.randint(3, len(good) - 2)
    return rng.choice(
        [
            (Error.LINE, [*good[:where], LOST, *good[where:]]),
            (Error.FRAMING, [*good[:-2], 0]),
            (Error.LENGTH, [*cobs.encode(body[: rng.randint(1, 3)]), 0]),
            (Error.LENGTH, [*cobs.encode(long), 0]),
            (Error.CRC, [*cobs.encode(body + b"\x12\x34"), 0]),
            (Error.SEQUENCE, [*encode(other, 3, data)]),
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_any_line(seed):
    rng = random.Random(seed)
    line, commands, errors, sequence, taken = [], b"", [], 0, 0
    for _ in range(40):
        kind = rng.choice(["good", "good", "broken", "sync", "empty"])
        if kind == "broken":
            error, frame = broken(rng, sequence)
            assert cobs_ok(frame, error, sequence)
            line += frame
            errors.append(error)
        elif kind == "empty":
            line += [0] * rng.randint(1, 3)
        else:
            number, data = Command.EVENTS.value, rng.randbytes(rng.choice([0, 1, 2, 239, 240]))
            if kind == "sync":
                number, sequence = Command.SYNC.value, rng.randrange(256)
            line += encode(sequence, number, data)
            commands += command(sequence, number, data)
            sequence = (sequence + 1) % 256
            taken += 1
    found, refused, counts = run(line)
    assert found == commands
    assert [error for error, _ in refused] == errors
    assert counts == [taken, len(errors)]


def cobs_ok(frame, error, sequence):
    """Whether a frame is what its error says: by chance a check may hold."""
    return error is not Error.CRC or CRC(8).compute(cobs.decode(bytes(frame[:-1]))[:-2]) != 0x3412


def test_numbers_of_refused_frames():
    line = [*encode(0, 2), *encode(7, 2), *encode(9, 2)]
    assert run(line)[1] == [(Error.SEQUENCE, 7), (Error.SEQUENCE, 9)]


def test_endless_garbage_is_one_error():
    line = [*bytes(range(1, 256)) * 4, 0, *encode(0, 2)]
    commands, errors, counts = run(line)
    assert commands == command(0, 2)
    assert [error for error, _ in errors] == [Error.LENGTH]
    assert counts == [1, 1]


@pytest.mark.parametrize("data_bytes", [0, 13, 240])
def test_room(data_bytes):
    """As many commands fit as fit into all but two bytes; one more is refused, whole."""
    fits = (512 - 2) // (data_bytes + 3)
    data = bytes(data_bytes)
    frames = [encode(number, 3, data) for number in range(fits)]
    line = [byte for frame in [*frames, encode(fits, 3, data)] for byte in frame]
    again = [*encode(fits, 3, data)]
    waits = [0] * 600
    commands, errors, _ = run([*line, *waits, *again], 512, reads_from=len(line))
    assert errors == [(Error.ROOM, fits)]
    assert commands == b"".join(command(number, 3, data) for number in range(fits + 1))


@pytest.mark.parametrize(("more", "fits"), [(0, True), (2, False)])
def test_the_last_byte_of_room(more, fits):
    """510 of 512 bytes fit; one more, since the first one read waits beside the memory."""
    sizes = [240, 240, 21 + more]
    assert sum(size + 3 for size in sizes) == 510 + more
    line = [byte for number, size in enumerate(sizes) for byte in encode(number, 3, bytes(size))]
    commands, errors, _ = run(line, 512, reads_from=len(line))
    taken = sizes if fits else sizes[:2]
    assert errors == ([] if fits else [(Error.ROOM, 2)])
    assert commands == b"".join(command(n, 3, bytes(size)) for n, size in enumerate(taken))
