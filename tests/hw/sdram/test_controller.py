"""SDRAM controller with the part's model: words come back, and no rule is broken."""

import random
from dataclasses import replace

import pytest
from amaranth.hdl import Module
from amaranth.lib import memory
from amaranth.sim import Simulator

from tickless.errors import InputError
from tickless.hw.sdram.controller import SdramController
from tickless.hw.sdram.model import SdramModel
from tickless.hw.sdram.rules import RULES
from tickless.hw.sdram.timing import AS4C16M16SA_7, COLUMN_BITS, Clocks

WORDS_BITS = 12


def clocks_at(clock_mhz: int) -> Clocks:
    return replace(AS4C16M16SA_7.clocks(clock_mhz * 10**6), power_up=5)


def run(clocks: Clocks, bursts, chance: float, seed: int) -> tuple[list[int], int]:
    """Words read by bursts ``(write, address, words)``, and the clocks that they took."""
    m = Module()
    m.submodules.controller = controller = SdramController(clocks)
    m.submodules.model = model = SdramModel(clocks)
    m.submodules.memory = words = memory.Memory(shape=16, depth=1 << WORDS_BITS, init=[])
    reader, writer = words.read_port(), words.write_port()
    m.d.comb += [
        model.command.eq(controller.command),
        controller.read.eq(model.read),
        reader.addr.eq(model.address),
        model.word.eq(reader.data),
        writer.addr.eq(model.address),
        writer.data.eq(model.data),
        writer.en.eq(model.write),
    ]
    rng = random.Random(seed)
    read: list[int] = []
    wanted = sum(count for write, _, count in bursts if not write)
    took = 0

    async def ask(ctx):
        for write, address, words in bursts:
            count = len(words) if write else words
            request = {"write": int(write), "address": address, "count": count}
            ctx.set(controller.request.p, request)
            ctx.set(controller.request.valid, 1)
            await ctx.tick().until(controller.request.ready)
            ctx.set(controller.request.valid, 0)

    async def offer(ctx):
        for word in (word for write, _, words in bursts if write for word in words):
            while rng.random() >= chance:
                await ctx.tick()
            ctx.set(controller.w.payload, word)
            ctx.set(controller.w.valid, 1)
            await ctx.tick().until(controller.w.ready)
            ctx.set(controller.w.valid, 0)

    async def watch(ctx):
        nonlocal took
        async for *_, valid, word, broken in ctx.tick().sample(
            controller.r_valid, controller.r, model.broken
        ):
            took += 1
            assert not broken, [rule for bit, rule in enumerate(RULES) if broken >> bit & 1]
            if valid:
                read.append(word)
            if len(read) == wanted:
                return

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(ask, background=True)
    simulator.add_testbench(offer, background=True)
    simulator.add_testbench(watch)
    simulator.run()
    return read, took


@pytest.mark.parametrize("clock_mhz", [20, 60, 100, 133])
@pytest.mark.parametrize("chance", [1.0, 0.3])
def test_words_come_back_as_they_were_written(clock_mhz, chance):
    rng = random.Random(clock_mhz)
    held, bursts, expected = {}, [], []
    for _ in range(40):
        address, count = rng.randrange(3500), rng.choice([1, 2, 17, 90])
        words = [rng.randrange(1 << 16) for _ in range(count)]
        held |= {address + k: word for k, word in enumerate(words)}
        bursts.append((True, address, words))
        start = rng.choice([a for a in held if a + 3 in held] or [address])
        count = next(k for k in range(1, 200) if start + k not in held or k > 120)
        bursts.append((False, start, count))
        expected += [held[start + k] for k in range(count)]
    assert run(clocks_at(clock_mhz), bursts, chance, 1)[0] == expected


def test_a_burst_goes_on_in_the_next_row_and_behind_a_refresh():
    count = 5 << COLUMN_BITS
    words = [k * 40503 & 0xFFFF for k in range(count)]
    read, _ = run(clocks_at(60), [(True, 100, words), (False, 100, count)], 1.0, 1)
    assert read == words


def test_long_bursts_take_a_clock_a_word_and_little_more():
    count = 3000
    clocks = clocks_at(60)
    _, first = run(clocks, [(False, 0, 1)], 1.0, 1)
    _, took = run(clocks, [(False, 0, count)], 1.0, 1)
    assert count < took - first + 1 < 1.05 * count


def test_a_clock_that_the_part_cannot_have_is_refused():
    with pytest.raises(InputError, match="clock_hz = 150000000: expected at most 142857142"):
        AS4C16M16SA_7.clocks(150_000_000)
    with pytest.raises(InputError, match="clock_hz = 200000: expected a faster one"):
        AS4C16M16SA_7.clocks(200_000)
