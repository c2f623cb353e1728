import random

import pytest

from tests.hw.stream_io import PATTERNS, collect, simulate
from tickless.hw.host.replay import Replay

END = "END"


def decode(payload):
    return END if payload.end else payload.event


async def store(ctx, dut, events, outcome):
    """Write events, then give one of the signals that decide about them."""
    for event in events:
        ctx.set(dut.i, event)
        ctx.set(dut.write, 1)
        await ctx.tick()
    ctx.set(dut.write, 0)
    ctx.set(outcome, 1)
    await ctx.tick()
    ctx.set(outcome, 0)


async def play(ctx, dut, repeats):
    ctx.set(dut.repeats, repeats)
    ctx.set(dut.start, 1)
    await ctx.tick()
    ctx.set(dut.start, 0)


@pytest.mark.parametrize("count", [0, 1, 2, 16])
@pytest.mark.parametrize("repeats", [1, 3])
def test_one_packet_a_clock(count, repeats):
    dut = Replay(8, 16)
    events = [random.Random(1).getrandbits(8) for _ in range(count)]
    expected = [*events, END] * repeats
    taken = []

    async def drive(ctx):
        await store(ctx, dut, events, dut.keep)
        await play(ctx, dut, repeats)
        ctx.set(dut.o.ready, 1)
        await ctx.tick().repeat(4)
        for _ in expected:
            assert ctx.get(dut.o.valid)
            taken.append(decode(ctx.get(dut.o.p)))
            await ctx.tick()
        for _ in range(5):
            assert not ctx.get(dut.o.valid)
            await ctx.tick()

    simulate(dut, drive)
    assert taken == expected


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_kept(pattern):
    """What is undone, or has no room, leaves nothing; replays follow each other."""
    dut = Replay(8, 6)
    expected = [1, 2, END, 1, 2, 3, 4, END, 1, 2, 3, 4, END, END, 5, END]
    process, taken = collect(dut.o, len(expected), decode, PATTERNS[pattern], 1)

    async def drive(ctx):
        async def until(count):
            while len(taken) < count:
                await ctx.tick()

        await store(ctx, dut, [1, 2], dut.keep)
        await store(ctx, dut, [9, 9], dut.undo)
        await play(ctx, dut, 1)
        await until(3)
        await store(ctx, dut, [3, 4], dut.keep)
        assert not ctx.get(dut.overflow)
        await store(ctx, dut, [7, 7, 7], dut.undo)
        await play(ctx, dut, 2)
        await until(13)
        await store(ctx, dut, [], dut.clear)
        await play(ctx, dut, 1)
        await until(14)
        await store(ctx, dut, [5], dut.keep)
        await play(ctx, dut, 1)

    simulate(dut, drive, process)
    assert taken == expected


def test_overflow():
    dut = Replay(8, 2)

    async def drive(ctx):
        for index in range(3):
            assert not ctx.get(dut.overflow)
            ctx.set(dut.i, index)
            ctx.set(dut.write, 1)
            await ctx.tick()
        assert ctx.get(dut.overflow)
        ctx.set(dut.write, 0)
        await store(ctx, dut, [], dut.undo)
        assert not ctx.get(dut.overflow)

    simulate(dut, drive)


def test_last_answer():
    dut = Replay(8, 2)

    async def drive(ctx):
        await play(ctx, dut, 3)
        await ctx.tick()
        for last in (0, 0, 1):
            assert ctx.get(dut.last) == last
            ctx.set(dut.answered, 1)
            await ctx.tick()

    simulate(dut, drive)
