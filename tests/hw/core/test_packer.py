import random

import pytest

from tests.hw.cores import make_core
from tests.hw.stream_io import PATTERNS, collect, simulate
from tickless.hw.core.packer import Packer
from tickless.hw.packet import Kind


def decode(packet):
    kind = Kind(packet.kind)
    if kind != Kind.EVENT:
        return (kind,)
    return kind, int(packet.y), int(packet.x), int(packet.block), int(packet.mask)


def feed(dut, groups, delay, seed):
    """Reserves a place for each group when there is room; the group comes ``delay`` later."""
    rng = random.Random(seed)

    async def process(ctx):
        pipeline = [None] * delay
        waiting = list(groups)
        while waiting or any(pipeline):
            issued = None
            ctx.set(dut.reserve, 0)
            if waiting and ctx.get(dut.room) and rng.random() < 0.9:
                issued = waiting.pop(0)
                ctx.set(dut.reserve, 1)
            pipeline.append(issued)
            arriving = pipeline.pop(0)
            ctx.set(dut.group_valid, arriving is not None)
            if arriving is not None:
                fired = sum(1 << tap for tap, mask in enumerate(arriving["masks"]) if mask)
                ctx.set(dut.group, {**arriving, "fired": fired})
            await ctx.tick()
        ctx.set(dut.reserve, 0)
        ctx.set(dut.group_valid, 0)

    return process


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("lanes", "taps"), [(4, 4), (4, 1), (4, 2), (1, 1), (2, 4), (2, 2), (1, 4)]
)
def test_order(lanes, taps, pattern):
    config = make_core(lanes=lanes, taps=taps)
    dut = Packer(config)
    rng = random.Random(lanes * 10 + taps)
    groups, expected = [], []
    columns = config.tap_grid[1]
    for _ in range(80):
        y, x = rng.randrange(2), rng.randrange(2)
        masks = [[0] * taps for _ in range(config.blocks)]
        for block in range(config.blocks):
            masks[block] = [
                rng.getrandbits(lanes) if rng.random() < 0.3 else 0 for _ in range(taps)
            ]
            last = block == config.blocks - 1
            groups.append(
                {"kind": Kind.EVENT, "y": y, "x": x, "block": block}
                | {"last_block": last, "masks": masks[block]}
            )
        for tap in range(taps):
            for block in range(config.blocks):
                if masks[block][tap]:
                    row, column = divmod(tap, columns)
                    expected.append((Kind.EVENT, y + row, x + column, block, masks[block][tap]))
        if rng.random() < 0.1:
            kind = rng.choice([Kind.END, Kind.READ])
            groups.append({"kind": kind, "masks": [0] * taps})
            expected.append((kind,))
    process, taken = collect(dut.o, len(expected), decode, PATTERNS[pattern], 3)
    simulate(dut, feed(dut, groups, 6, 4), process)
    assert taken == expected


def test_one_packet_a_clock():
    config = make_core(lanes=4, taps=4)
    dut = Packer(config)
    groups = [{"kind": Kind.EVENT, "masks": [1, 2, 3, 4], "last_block": 1}] * 30
    process, taken = collect(dut.o, 120, decode, 1.0, 0)
    simulate(dut, feed(dut, groups, 6, 1), process, clocks=120 + 20)
    assert len(taken) == 120


def test_silent_steps_cost_nothing():
    config = make_core(lanes=4, taps=4)
    dut = Packer(config)
    groups = [{"kind": Kind.EVENT, "masks": [0] * 4, "last_block": 1}] * 200
    simulate(dut, feed(dut, groups, 6, 1), clocks=260)
