"""Registers behind AXI4-Lite: what they hold, take and refuse."""

from typing import Any

import pytest

from tests.hw.axi.shapes import small
from tests.hw.stream_io import simulate
from tickless.hw.axi.lite import Response
from tickless.hw.axi.register_file import RegisterFile
from tickless.hw.axi.registers import MAGIC, VERSION, address_bits, registers


class Bus:
    """Manager of a register file."""

    def __init__(self, dut):
        self.ctx: Any = None
        self.bus = dut.bus

    async def _send(self, channel, payload):
        self.ctx.set(channel.p, payload)
        self.ctx.set(channel.valid, 1)
        await self.ctx.tick().until(channel.ready)
        self.ctx.set(channel.valid, 0)

    async def _take(self, channel):
        self.ctx.set(channel.ready, 1)
        (payload,) = await self.ctx.tick().sample(channel.p).until(channel.valid)
        self.ctx.set(channel.ready, 0)
        return payload

    async def read(self, address):
        await self._send(self.bus.ar, address)
        taken = await self._take(self.bus.r)
        return taken.data if taken.resp == Response.OKAY else None

    async def write(self, address, value, strobes=0xF, data_first=False):
        sent = [(self.bus.aw, address), (self.bus.w, {"data": value, "strb": strobes})]
        for channel, payload in reversed(sent) if data_first else sent:
            await self._send(channel, payload)
        return await self._take(self.bus.b) == Response.OKAY


def run(dut, script):
    bus = Bus(dut)

    async def process(ctx):
        bus.ctx = ctx
        await script(ctx, bus)

    simulate(dut, process)


@pytest.fixture
def table():
    return {register.name: register for register in registers(small())}


def test_registers_do_not_overlap_and_lie_within_the_addresses():
    shape = small()
    taken = []
    for register in registers(shape):
        assert register.address % 4 == 0
        taken += range(register.address, register.address + 4 * register.words)
    assert len(taken) == len(set(taken))
    assert max(taken) < 1 << address_bits(shape)


def test_they_say_what_the_core_is(table):
    async def script(ctx, bus):
        held = {
            "magic": MAGIC,
            "version": VERSION,
            "network_low": 0x89AB_CDEF,
            "network_high": 0x0123_4567,
            "channels": 2,
            "height": 5,
            "width": 6,
            "classes": 3,
            "cores": 2,
            "features": 0b011,
            "margin": 1000,
        }
        for name, value in held.items():
            assert await bus.read(table[name].address) == value, name

    run(RegisterFile(small()), script)


def test_both_words_of_a_counter_are_of_one_moment(table):
    dut = RegisterFile(small())
    address = table["core_1.dropped"].address

    async def script(ctx, bus):
        ctx.set(dut.counters.core_1.dropped, 0x1_FFFF_FFFF)
        assert await bus.read(address) == 0xFFFF_FFFF
        ctx.set(dut.counters.core_1.dropped, 0x2_0000_0000)
        assert await bus.read(address + 4) == 1
        assert await bus.read(address) == 0
        assert await bus.read(address + 4) == 2

    run(dut, script)


def test_writes_come_in_any_order_and_whole_or_not_at_all(table):
    dut = RegisterFile(small())
    margin = table["margin"].address

    async def script(ctx, bus):
        assert await bus.write(margin, 77)
        assert await bus.read(margin) == ctx.get(dut.margin) == 77
        assert await bus.write(margin, 0xFFFF_FFFF, data_first=True)
        assert await bus.read(margin) == 0xFFFF_FFFF
        assert not await bus.write(margin, 1, strobes=0b0111)
        assert not await bus.write(table["magic"].address, 1)
        assert not await bus.write(0x3C, 1)
        assert await bus.read(0x3C) is None
        assert await bus.read(table["load_data"].address) is None
        assert await bus.read(margin) == 0xFFFF_FFFF

    run(dut, script)


def test_a_chunk_is_answered_when_it_is_taken(table):
    dut = RegisterFile(small())
    taken = []

    async def script(ctx, bus):
        assert await bus.write(table["load_core"].address, 1)
        assert await bus.write(table["load_address"].address, 0xABCDEF)
        # A number that is none does not become another one.
        assert not await bus.write(table["load_core"].address, 4)
        assert not await bus.write(table["load_address"].address, 1 << 24)
        assert await bus.write(table["load_data"].address, 0x1234_5678)
        assert taken == [(1, 0xABCDEF, 0x1234_5678)]

    async def design(ctx):
        for _ in range(100):
            await ctx.tick()
        assert ctx.get(dut.load.valid)
        ctx.set(dut.load.ready, 1)
        chunk = ctx.get(dut.load.p)
        taken.append((chunk.core, chunk.chunk.address, chunk.chunk.data))
        await ctx.tick()
        assert not ctx.get(dut.load.valid)

    bus = Bus(dut)

    async def process(ctx):
        bus.ctx = ctx
        await script(ctx, bus)

    simulate(dut, process, design)


def test_a_core_that_has_nothing_of_it_has_no_registers_for_it():
    names = {register.name for register in registers(small(early_exit=False, loadable=False))}
    assert not names & {"margin", "skipped", "load_data", "load_written"}

    async def script(ctx, bus):
        assert await bus.read(0x2C) is None
        assert not await bus.write(0x48, 1)

    run(RegisterFile(small(early_exit=False, loadable=False)), script)
