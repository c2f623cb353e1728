import pytest

from tests.hw.stream_io import simulate
from tickless.hw.fabric.flit import FlitConfig
from tickless.hw.fabric.loading import COUNT_BITS, Acknowledger, LoadGate
from tickless.hw.packet import Kind, LinkConfig

FLIT = FlitConfig(rows=2, columns=2, payload_bits=56, connection_bits=1, loadable=True)
LINK = LinkConfig(2, 4, 4, 2)
PLACES = [(1, 0), (2, 1), (1, 1)]


def test_acknowledges_every_chunk():
    dut = Acknowledger(FLIT)
    totals = {"written": 0, "unknown": 0}

    async def drive(ctx):
        for clock in range(120):
            ctx.set(dut.taken, clock < 100 and clock % 3 != 0)
            ctx.set(dut.unknown, clock % 5 == 0)
            ctx.set(dut.o.ready, clock % 7 == 0 or clock >= 100)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                flit = ctx.get(dut.o.p)
                assert (flit.load, flit.row, flit.column) == (1, 0, 0)
                totals["written"] += flit.payload & ((1 << COUNT_BITS) - 1)
                totals["unknown"] += flit.payload >> COUNT_BITS
            await ctx.tick()

    simulate(dut, drive, clocks=130)
    taken = [clock for clock in range(100) if clock % 3]
    unknown = sum(clock % 5 == 0 for clock in taken)
    assert totals == {"written": len(taken) - unknown, "unknown": unknown}


class Host:
    """A gate, and what a test does with it."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut = ctx, dut
        ctx.set(dut.o.ready, 1)
        ctx.set(dut.flits.ready, 1)

    async def send(self, kind):
        """Offer a packet for one clock; returns whether it passed."""
        self.ctx.set(self.dut.i.p, {"kind": kind, "mask": 1})
        self.ctx.set(self.dut.i.valid, 1)
        passed = self.ctx.get(self.dut.i.ready)
        assert self.ctx.get(self.dut.o.valid) == passed
        await self.ctx.tick()
        self.ctx.set(self.dut.i.valid, 0)
        return bool(passed)

    async def load(self, core, address=3):
        """Send a chunk; returns the flit's row and column, or None."""
        chunk = {"data": 9, "address": address}
        self.ctx.set(self.dut.load.p, {"core": core, "chunk": chunk})
        self.ctx.set(self.dut.load.valid, 1)
        await self.ctx.tick().until(self.dut.load.ready)
        self.ctx.set(self.dut.load.valid, 0)
        flit = self.ctx.get(self.dut.flits.p)
        return (flit.row, flit.column) if self.ctx.get(self.dut.flits.valid) else None

    async def acknowledge(self, written, unknown=0):
        counts = {"written": written, "unknown": unknown}
        self.ctx.set(self.dut.acknowledged, counts)
        self.ctx.set(self.dut.acknowledged_valid, 1)
        await self.ctx.tick()
        self.ctx.set(self.dut.acknowledged_valid, 0)

    async def answer(self):
        self.ctx.set(self.dut.answered, 1)
        await self.ctx.tick()
        self.ctx.set(self.dut.answered, 0)

    @property
    def counters(self):
        values = self.ctx.get(self.dut.counters)
        return values.written, values.unknown, values.refused


def run(script):
    dut = LoadGate(FLIT, LINK.layout, PLACES)

    async def drive(ctx):
        await script(Host(ctx, dut))

    simulate(dut, drive, clocks=2000)


def test_packets_wait_for_acknowledgments():
    async def script(host):
        assert [await host.load(core) for core in range(3)] == PLACES
        assert not await host.send(Kind.EVENT)
        await host.acknowledge(1)
        assert not await host.send(Kind.EVENT)
        await host.acknowledge(1, 1)
        assert await host.send(Kind.EVENT)
        assert host.counters == (2, 1, 0)

    run(script)


@pytest.mark.parametrize("first", [Kind.EVENT, Kind.READ])
def test_refuses_chunks_while_a_sample_is_open(first):
    async def script(host):
        for kind in (first, Kind.EVENT, Kind.END, Kind.END):
            assert await host.send(kind)
            assert await host.load(1) is None
        await host.answer()
        assert await host.load(1) is None
        await host.answer()
        assert host.counters == (0, 0, 5)
        assert await host.load(1) == PLACES[1]
        assert host.counters == (0, 0, 5)

    run(script)


def test_a_core_that_does_not_exist():
    async def script(host):
        assert await host.load(3) is None
        assert host.counters == (0, 1, 0)
        assert await host.send(Kind.EVENT)

    run(script)


def test_bounds_the_chunks_under_way():
    async def script(host):
        most = (1 << COUNT_BITS) - 1
        for _ in range(most):
            assert await host.load(0) is not None
        host.ctx.set(host.dut.load.valid, 1)
        assert not host.ctx.get(host.dut.load.ready)
        await host.acknowledge(most)
        assert host.ctx.get(host.dut.load.ready)
        assert host.counters == (most, 0, 0)

    run(script)
