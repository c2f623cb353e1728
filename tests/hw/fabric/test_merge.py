import gc
import random

import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.fabric.merge import Merge
from tickless.hw.packet import Kind, LinkConfig

HEIGHT, WIDTH, LANES = 3, 5, 2
CHANNELS = [2, 4, 3]
"""Channels of the slices."""

LINK = LinkConfig(sum(CHANNELS), HEIGHT, WIDTH, LANES)
SLICES = [LinkConfig(channels, HEIGHT, WIDTH, LANES, level_bits=1) for channels in CHANNELS]


def decode(packet):
    if Kind(packet.kind) != Kind.EVENT:
        return (Kind(packet.kind),)
    return int(packet.y), int(packet.x), int(packet.block), int(packet.mask)


def random_events(rng, count):
    """Markers, and events: of each slice, masks by y, x and block."""
    events = []
    for _ in range(count):
        kind = rng.choices([Kind.EVENT, Kind.END, Kind.READ], [12, 1, 1])[0]
        if kind != Kind.EVENT:
            events.append(kind)
            continue
        masks = []
        for part in SLICES:
            size = rng.choice([0, 0, 0, 1, 4])
            masks.append(
                {
                    (rng.randrange(2), rng.randrange(WIDTH), rng.randrange(part.blocks)): (
                        rng.randrange(1, 1 << LANES)
                    )
                    for _ in range(size)
                }
            )
        events.append(masks)
    return events


def packets_of(part, events, rng):
    """Packets of a slice, ends of events in any of the forms that a packer may choose.

    Parameters
    ----------
    events : list
        Markers, and masks of the slice's events.
    """
    layout, packets = part.layout, []
    for event in events:
        if isinstance(event, Kind):
            packets.append({"kind": event})
            continue
        fields = [
            {"kind": Kind.EVENT, "y": y, "x": x, "block": block, "mask": mask}
            for (y, x, block), mask in sorted(event.items())
        ]
        if fields and rng.random() < 0.7:
            packets += [*fields[:-1], {**fields[-1], "last": 1}]
        else:
            grows = not fields and packets and "count" in packets[-1] and rng.random() < 0.7
            if grows and packets[-1]["count"] + 1 < 1 << part.count_bits:
                packets[-1]["count"] += 1
            else:
                packets += [*fields, {"kind": Kind.EVENT_END, "count": 0}]
    return [
        layout.from_bits(packet.pop("count", 0) | layout.const(packet).as_bits())
        for packet in packets
    ]


def merged(events):
    expected, blocks = [], [part.blocks for part in SLICES]
    for event in events:
        if isinstance(event, Kind):
            expected.append((event,))
            continue
        places = [
            (y, x, sum(blocks[:k]) + block, mask)
            for k, masks in enumerate(event)
            for (y, x, block), mask in masks.items()
        ]
        expected += sorted(places)
    return expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pattern", PATTERNS)
def test_order_of_the_whole_layer(seed, pattern):
    rng = random.Random(seed)
    events = random_events(rng, 150)
    dut = Merge(LINK, SLICES)
    expected = merged(events)
    process, taken = collect(dut.o, len(expected), decode, PATTERNS[pattern], seed)
    senders = []
    for k, part in enumerate(SLICES):
        mine = [event if isinstance(event, Kind) else event[k] for event in events]
        packets = packets_of(part, mine, rng)
        senders.append(send(getattr(dut, f"i_{k}"), packets, PATTERNS[pattern], 9 * seed + k))
    simulate(dut, *senders, process)
    assert taken == expected


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_slices_must_fit():
    with pytest.raises(ValueError, match=r"slices\[1\] = .*: expected 2 lanes and ends of events"):
        Merge(LINK, [SLICES[0], LinkConfig(4, HEIGHT, WIDTH, LANES)])
    with pytest.raises(ValueError, match=r"slices\[0\] = .*: expected 2 lanes and ends of events"):
        Merge(LINK, [LinkConfig(4, HEIGHT, WIDTH, 1, level_bits=1)])
    gc.collect()  # what was refused says here that it was not used
