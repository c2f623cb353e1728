import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.fabric.flit import FlitConfig, Peer
from tickless.hw.fabric.interface import NetworkInterface

MESH = FlitConfig(rows=2, columns=1, payload_bits=8, connection_bits=1)


def facing(connections, queue_depth, credit_batch):
    """Interface with so many connections to another one, and one back."""
    there = [Peer(2, 0, index) for index in range(connections)]
    here = [Peer(1, 0, index) for index in range(connections)]
    size = queue_depth, credit_batch
    m = Module()
    # Destination k there is source k here and the other way round; the way back is connection 0.
    m.submodules.one = one = NetworkInterface(MESH, 8, there[:1], there, *size)
    m.submodules.two = two = NetworkInterface(MESH, 8, here, here[:1], *size)
    connect(m, one.o_flit, two.i_flit)
    connect(m, two.o_flit, one.i_flit)
    return m, one, two


@pytest.mark.parametrize("connections", [1, 2])
@pytest.mark.parametrize(("queue_depth", "credit_batch"), [(3, 1), (3, 3), (8, 3)])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_lossless_in_both_directions(connections, queue_depth, credit_batch, pattern):
    m, one, two = facing(connections, queue_depth, credit_batch)
    chance = PATTERNS[pattern]
    outputs = [one.o[0], *(two.o[index] for index in range(connections))]
    collected = [collect(o, 100, int, chance, seed) for seed, o in enumerate(outputs)]
    forth, back = list(range(100)), list(range(200, 100, -1))
    simulate(
        m,
        send(one.i, forth, chance, 8),
        send(two.i, back, chance, 9),
        *(process for process, _ in collected),
    )
    assert [taken for _, taken in collected] == [back] + [forth] * connections


def test_one_packet_a_clock():
    m, one, two = facing(1, 12, 2)
    process, taken = collect(two.o[0], 200, int, 1.0, 0)
    simulate(m, send(one.i, range(200), 1.0, 0), process, clocks=205)
    assert taken == list(range(200))


def test_a_destination_that_does_not_take_holds_up_what_its_queue_has_no_room_for():
    m, one, two = facing(2, 4, 1)
    accepted = []

    async def offer(ctx):
        ctx.set(one.i.payload, 7)
        ctx.set(one.i.valid, 1)
        async for *_, ready in ctx.tick().sample(one.i.ready):
            accepted.append(ready)

    async def wait(ctx):
        await ctx.tick().repeat(100)

    process, taken = collect(two.o[0], 5, int, 1.0, 0)
    simulate(m, process, wait, background=[offer], clocks=110)
    assert taken == [7] * 5
    assert sum(accepted) == 4
