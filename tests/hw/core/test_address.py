import random
from itertools import cycle

import pytest

from tests.hw.cores import make_core
from tests.hw.stream_io import PATTERNS, send, simulate
from tickless.hw.core.address import AddressGenerator
from tickless.hw.packet import Kind

CASES = [
    {},
    {"taps": 1, "lanes": 1},
    {"taps": 2, "lanes": 2},
    {"kernel": 4, "stride": 1, "padding": 2, "output_shape": (4, 4, 4), "taps": 16},
    {"kernel": 4, "stride": 1, "padding": 2, "output_shape": (4, 4, 4), "taps": 8, "lanes": 3},
    {"kernel": 3, "stride": 1, "padding": 0, "output_shape": (4, 4, 3), "taps": 2, "lanes": 4},
    {"kernel": 2, "stride": 3, "padding": 0, "output_shape": (4, 2, 1), "taps": 1},
    {"kernel": 2, "stride": 1, "padding": 0, "pool": 2, "output_shape": (4, 2, 1), "taps": 2},
    {"channels": 4, "groups": 2, "lanes": 2},
    {"channels": 4, "groups": 2, "lanes": 4},
    {"channels": 6, "groups": 2, "output_shape": (6, 3, 3), "lanes": 2, "taps": 1},
    {"kernel": (3, 2), "stride": (1, 2), "padding": (2, 0), "output_shape": (4, 8, 2), "taps": 3},
    {"size": (1, 9), "kernel": (1, 4), "stride": (1, 3), "padding": (0, 2), "taps": 2}
    | {"output_shape": (4, 1, 4)},
    {"dilation": 2, "stride": 1, "padding": 2, "output_shape": (4, 6, 5), "taps": 25},
    {"dilation": 2, "stride": 1, "padding": 2, "output_shape": (4, 6, 5), "taps": 15},
    {"dilation": 2, "stride": 1, "padding": 2, "output_shape": (4, 6, 5), "taps": 10, "lanes": 2},
    {"dilation": 2, "stride": 1, "padding": 2, "output_shape": (4, 6, 5), "taps": 3, "lanes": 3},
    {"dilation": (1, 3), "stride": (2, 2), "padding": (0, 3), "output_shape": (4, 2, 3), "taps": 3},
    {"dilation": (4, 2), "stride": 2, "padding": 4, "output_shape": (4, 3, 5), "taps": 9},
]


def contract_visits(config, event):
    """Neurons that an event reaches, in order, by the definition of the convolution."""
    channel, y, x = event
    edge, link = config.edges[0], config.input_link
    if not (channel < link.channels and y < link.height and x < link.width):
        return []
    y, x = y // edge.pool, x // edge.pool
    if y >= link.height // edge.pool or x >= link.width // edge.pool:
        return []
    channels, height, width = config.output_shape
    group = channel // (link.channels // edge.groups)
    visits = []
    for out_y in range(height):
        for out_x in range(width):
            visits += [
                (out_y, out_x, out_channel, channel, ky, kx)
                for ky in range(edge.kernel[0])
                for kx in range(edge.kernel[1])
                if out_y * edge.stride[0] + ky * edge.dilation[0] == y + edge.padding[0]
                and out_x * edge.stride[1] + kx * edge.dilation[1] == x + edge.padding[1]
                for out_channel in range(channels)
                if out_channel // (channels // edge.groups) == group
            ]
    return visits


def step_visits(config, step):
    """Neurons and weights that a step names, by the documented memory layouts."""
    edge, (rows, columns) = config.edges[0], config.tap_grid
    visits = []
    for index, bank in enumerate(step.banks):
        if not bank.valid:
            continue
        line, block = divmod(int(bank.address), config.blocks)
        assert block == step.block
        bank_y, bank_x = divmod(line, config.bank_shape[1])
        out_y = bank_y * rows + index // columns
        out_x = bank_x * columns + index % columns
        word, relative = divmod(int(bank.weight_address), config.blocks_per_event(edge))
        rest, kx = divmod(word, edge.kernel[1])
        channel, ky = divmod(rest, edge.kernel[0])
        group = channel // (config.input_link.channels // edge.groups)
        assert config.group_blocks(edge, group)[relative] == block
        visits += [
            (out_y, out_x, block * config.lanes + lane, channel, ky, kx)
            for lane in range(config.lanes)
            if step.lane_enable >> lane & 1
        ]
    return visits


@pytest.mark.parametrize(
    ("case", "pattern"), list(zip(CASES, cycle(PATTERNS), strict=False)), ids=str
)
def test_every_event_reaches_the_contract_s_neurons(case, pattern):
    config = make_core(**case)
    dut = AddressGenerator(config)
    rng = random.Random(1)
    layout = config.input_link.layout
    events = [
        (channel, y, x)
        for channel in range(config.input_link.channels)
        for y in range(1 << layout["y"].width)
        for x in range(1 << layout["x"].width)
    ]
    rng.shuffle(events)
    events = events[:60]
    payloads = [{"kind": Kind.EVENT, "channel": c, "y": y, "x": x} for c, y, x in events]
    steps, issued, ended = [], [], []

    async def watch(ctx):
        chance = PATTERNS[pattern]
        gate = random.Random(2)
        while True:
            ctx.set(dut.go, gate.random() < chance)
            issued.append((ctx.get(dut.issue), ctx.get(dut.issue_event), ctx.get(dut.outside)))
            if ctx.get(dut.step_valid):
                step = ctx.get(dut.step)
                visits = step_visits(config, step)
                assert step.sops == len(visits)
                if step.last:
                    assert step.last_block
                    ended.append(step.kind)
                steps.append((visits, int(step.y), int(step.x), step.kind, bool(step.last_block)))
            await ctx.tick()

    async def finish(ctx):
        await send(dut.i, [*payloads, {"kind": Kind.END}], PATTERNS[pattern], 3)(ctx)
        await ctx.tick().repeat(3)

    simulate(dut, finish, background=[watch])
    assert steps.pop()[3] == Kind.END
    assert ended == [Kind.EVENT] * len(events) + [Kind.END]
    visited = [visit for step in steps for visit in step[0]]
    expected = [visit for event in events for visit in contract_visits(config, event)]
    assert sorted(visited) == sorted(expected)
    for visits, y, x, _, _ in steps:
        if visits:
            assert (y, x) == min(visits)[:2]
    assert sum(issue[1] for issue in issued) == len(events)
    outside = [
        event
        for event in events
        if event[1] >= config.input_link.height or event[2] >= config.input_link.width
    ]
    assert sum(issue[2] for issue in issued) == len(outside) > 0
    if config.taps == config.window[0] * config.window[1] and config.blocks == 1:
        assert len(steps) == len(events)
