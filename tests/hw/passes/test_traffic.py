"""Readers and writers that share an SDRAM: every word gets to the one who asked for it."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import memory
from amaranth.lib.wiring import connect

from tests.hw.sdram.test_controller import clocks_at
from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.passes.reader import FIRST_BURST, WordReader
from tickless.hw.passes.traffic import Arbiter
from tickless.hw.passes.writer import WordWriter
from tickless.hw.sdram.controller import SdramController
from tickless.hw.sdram.model import SdramModel

DEPTH = 1 << 12

READERS = 3


def word(address: int) -> int:
    return address * 40503 & 0xFFFF


def shared(clock_mhz: int, others) -> tuple[Module, SdramModel, memory.Memory]:
    """Components with ports, at one SDRAM; what is read at an address is `word` of it."""
    m = Module()
    clocks = clocks_at(clock_mhz)
    m.submodules.controller = controller = SdramController(clocks)
    m.submodules.model = model = SdramModel(clocks)
    m.submodules.arbiter = arbiter = Arbiter(len(others))
    m.submodules.words = words = memory.Memory(
        shape=16, depth=DEPTH, init=[word(k) for k in range(DEPTH)]
    )
    reader, writer = words.read_port(), words.write_port()
    connect(m, arbiter.sdram.request, controller.request)
    connect(m, arbiter.sdram.w, controller.w)
    m.d.comb += [
        arbiter.sdram.r.eq(controller.r),
        arbiter.sdram.r_valid.eq(controller.r_valid),
        model.command.eq(controller.command),
        controller.read.eq(model.read),
        reader.addr.eq(model.address),
        model.word.eq(reader.data),
        writer.addr.eq(model.address),
        writer.data.eq(model.data),
        writer.en.eq(model.write),
    ]
    for index, other in enumerate(others):
        m.submodules[f"other_{index}"] = other
        connect(m, other.port, arbiter.ports[index])
    return m, model, words


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("clock_mhz", [20, 60, 133])
def test_words_get_to_who_asked_for_them(clock_mhz, pattern):
    readers = [WordReader(4 * FIRST_BURST) for _ in range(READERS)]
    writer = WordWriter()
    m, model, words = shared(clock_mhz, [writer, *readers])
    chance = PATTERNS[pattern]
    counts = (500, 300, 20)
    written = [random.Random(1).randrange(1 << 16) for _ in range(333)]
    target = 3000
    broken, held = [], []

    async def begin(ctx):
        for index, reader in enumerate(readers):
            ctx.set(reader.address, 1000 * index + 7)
            ctx.set(reader.start, 1)
        ctx.set(writer.address, target)
        ctx.set(writer.limit, DEPTH)
        ctx.set(writer.start, 1)
        await ctx.tick()
        for each in (writer, *readers):
            ctx.set(each.start, 0)

    async def watch(ctx):
        async for *_, rules in ctx.tick().sample(model.broken):
            broken.append(rules)

    async def flush(ctx):
        ctx.set(writer.flush, 1)
        await ctx.tick().repeat(50)
        await ctx.tick().until(writer.idle & (writer.next == target + len(written)))
        held.extend(ctx.get(words.data[target + k]) for k in range(len(written)))

    takers = [collect(r.o, n, int, chance, 5) for r, n in zip(readers, counts, strict=True)]
    processes = [process for process, _ in takers]
    simulate(m, begin, flush, send(writer.i, written, chance, 3), *processes, background=[watch])
    assert not any(broken)
    assert held == written
    for index, ((_, taken), count) in enumerate(zip(takers, counts, strict=True)):
        assert taken == [word(1000 * index + 7 + k) for k in range(count)]


def test_a_reader_that_is_stopped_is_idle_soon_and_reads_anew():
    reader = WordReader(4 * FIRST_BURST)
    m, _, _ = shared(60, [reader])
    clocks, found = [], []

    async def process(ctx):
        for address in (5, 900):
            ctx.set(reader.address, address)
            ctx.set(reader.start, 1)
            ctx.set(reader.o.ready, 1)
            await ctx.tick()
            ctx.set(reader.start, 0)
            for _ in range(7):
                (value,) = await ctx.tick().sample(reader.o.payload).until(reader.o.valid)
                found.append(value)
            ctx.set(reader.stop, 1)
            clocks.append(0)
            while not ctx.get(reader.idle):
                await ctx.tick()
                clocks[-1] += 1
            ctx.set(reader.stop, 0)

    simulate(m, process)
    assert found == [word(5 + k) for k in range(7)] + [word(900 + k) for k in range(7)]
    # What is under way is a short burst, and the next one at most.
    assert max(clocks) < 4 * FIRST_BURST


def test_a_reader_that_is_full_loses_no_word():
    """However many words are taken before its queue is left to fill."""
    reader = WordReader(FIRST_BURST)
    m, _, _ = shared(60, [reader])
    firsts = range(FIRST_BURST + 4)
    found = []

    async def process(ctx):
        for first in firsts:
            ctx.set(reader.start, 1)
            await ctx.tick()
            ctx.set(reader.start, 0)
            words = []
            for count in (first, 6 * reader.depth - first):
                await ctx.tick().repeat(3 * reader.depth)
                ctx.set(reader.o.ready, 1)
                for _ in range(count):
                    (value,) = await ctx.tick().sample(reader.o.payload).until(reader.o.valid)
                    words.append(value)
                ctx.set(reader.o.ready, 0)
            found.append(words)
            ctx.set(reader.stop, 1)
            await ctx.tick().until(reader.idle)
            ctx.set(reader.stop, 0)

    simulate(m, process)
    assert found == [[word(k) for k in range(6 * reader.depth)]] * len(firsts)


def test_long_lists_are_read_with_little_time_between_bursts():
    burst = 16 * FIRST_BURST
    reader = WordReader(burst)
    m, _, _ = shared(60, [reader])
    count = 3000
    took = [0]

    async def begin(ctx):
        ctx.set(reader.start, 1)
        await ctx.tick()
        ctx.set(reader.start, 0)

    async def watch(ctx):
        async for _ in ctx.tick():
            took[0] += 1

    process, taken = collect(reader.o, count, int, 1.0, 5)

    async def timed(ctx):
        before = took[0]
        await process(ctx)
        took.append(took[0] - before)

    simulate(m, begin, timed, background=[watch])
    assert taken == [word(k) for k in range(count)]
    assert took[1] < 1.08 * count
