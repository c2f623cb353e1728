import random

import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.core.unpacker import Unpacker
from tickless.hw.packet import Kind, LinkConfig


def decode(event):
    return Kind(event.kind), int(event.channel), int(event.y), int(event.x)


def random_packets(link, count, rng):
    layout = link.layout
    packets = []
    for _ in range(count):
        kind = rng.choices(list(Kind), [20, 1, 1, 1])[0]
        fields = {name: rng.getrandbits(layout[name].width) for name in ("y", "x", "mask")}
        packets.append({"kind": kind, "block": rng.randrange(link.blocks), **fields})
    return packets


def expected_events(link, packets):
    events = []
    for packet in packets:
        if packet["kind"] in (Kind.END, Kind.READ):
            events.append((packet["kind"], 0))
        elif packet["kind"] == Kind.EVENT:
            for lane in range(link.lanes):
                if packet["mask"] >> lane & 1:
                    channel = packet["block"] * link.lanes + lane
                    events.append((Kind.EVENT, channel, packet["y"], packet["x"]))
    return events


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("fast_clock", [False, True])
def test_order_and_drops(lanes, pattern, fast_clock):
    link = LinkConfig(channels=8, height=5, width=6, lanes=lanes, guarded=True)
    dut = Unpacker(link, fast_clock)
    packets = random_packets(link, 200, random.Random(lanes))
    expected = expected_events(link, packets)
    process, taken = collect(dut.o, len(expected), decode, PATTERNS[pattern], 2)
    dropped = []

    async def count_drops(ctx):
        async for *_, strobe in ctx.tick().sample(dut.dropped):
            dropped.append(strobe)

    simulate(dut, send(dut.i, packets, PATTERNS[pattern], 1), process, background=[count_drops])
    got = [event[:2] if event[0] != Kind.EVENT else event for event in taken]
    assert got == expected
    unknown = [
        p
        for p in packets
        if p["kind"] == Kind.EVENT_END or (p["kind"] == Kind.EVENT and p["mask"] == 0)
    ]
    assert sum(dropped) == len(unknown) > 0


def test_one_event_a_clock():
    link = LinkConfig(channels=4, height=4, width=4, lanes=4)
    dut = Unpacker(link)
    packets = [{"kind": Kind.EVENT, "mask": mask} for mask in [1, 15, 8, 5] * 20]
    events = sum(packet["mask"].bit_count() for packet in packets)
    process, taken = collect(dut.o, events, decode, 1.0, 0)
    simulate(dut, send(dut.i, packets, 1.0, 0), process, clocks=events + 5)
    assert len(taken) == events


@pytest.mark.parametrize("pattern", PATTERNS)
def test_ends_of_events_leave_one_by_one(pattern):
    link = LinkConfig(channels=4, height=2, width=2, lanes=2, level_bits=1)
    rng = random.Random(5)
    packets, expected = [], []
    for _ in range(120):
        kind = rng.choices(list(Kind), [8, 1, 1, 6])[0]
        packet = {"kind": kind, "mask": rng.randrange(1, 4), "y": rng.randrange(2), "x": 0}
        packet |= {"block": rng.randrange(2), "last": 0}
        if kind == Kind.EVENT:
            packet["last"] = rng.randrange(2)
            expected += expected_events(link, [packet])
            expected += [(Kind.EVENT_END, 0)] * packet["last"]
        elif kind == Kind.EVENT_END:
            # The count lies in the lowest fields: mask, block, x, y.
            count = packet["mask"] | packet["block"] << 2 | packet["y"] << 4
            expected += [(Kind.EVENT_END, 0)] * (count + 1)
        else:
            expected.append((kind, 0))
        packets.append(packet)
    dut = Unpacker(link)
    process, taken = collect(dut.o, len(expected), decode, PATTERNS[pattern], 2)
    simulate(dut, send(dut.i, packets, PATTERNS[pattern], 1), process)
    got = [(event[0], 0) if event[0] != Kind.EVENT else event for event in taken]
    assert got == expected
