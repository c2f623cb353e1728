"""Packets from events and back, membranes from memory words."""

import numpy as np
import pytest

from tickless.hw.core.edge import EdgeShape
from tickless.hw.core.shape import CoreShape
from tickless.hw.packet import Kind, LinkConfig, answer_layout
from tickless.sim.packets import (
    READ_MARKER,
    pack_sample,
    packet_field,
    packet_text,
    packet_words,
    unpack_answers,
    unpack_membranes,
    unpack_spikes,
)

LINKS = [
    LinkConfig(1, 1, 1, 1, guarded=True),
    LinkConfig(2, 34, 34, 2, guarded=True),
    LinkConfig(7, 5, 9, 3, guarded=True),
    LinkConfig(100, 3, 2, 70, guarded=True, level_bits=2),
]


def to_words(layout, values):
    """Packets by Amaranth's own packing."""
    numbers = [layout.const(value).as_bits() for value in values]
    shifts = [32 * word for word in range(packet_words(layout))]
    return np.array([[n >> s & 0xFFFFFFFF for s in shifts] for n in numbers], dtype=np.uint32)


@pytest.mark.parametrize("link", LINKS)
def test_events_arrive_in_order(link):
    rng = np.random.default_rng(0)
    events = rng.integers(0, (link.channels, link.height, link.width), (200, 3)).astype(np.int32)
    reads = [0, 7, 7, 200]
    packets = pack_sample(link, events, reads)
    assert packets.dtype == np.uint32
    assert packets.shape == (205, packet_words(link.layout))
    assert packet_field(link.layout, "kind", packets)[-1] == Kind.END.value
    items, indices = unpack_spikes(link, packets)
    assert np.array_equal(items, np.insert(events, reads, READ_MARKER, axis=0))
    assert indices.tolist() == list(range(204))


@pytest.mark.parametrize("link", LINKS)
def test_packs_as_the_layout_does(link):
    events = np.array([[0, 0, 0], [link.channels - 1, link.height - 1, link.width - 1]])
    expected = [
        {
            "kind": Kind.EVENT,
            "mask": 1 << (channel % link.lanes),
            "block": channel // link.lanes,
            "y": y,
            "x": x,
        }
        for channel, y, x in events.tolist()
    ]
    packets = pack_sample(link, events)
    assert np.array_equal(packets, to_words(link.layout, [*expected, {"kind": Kind.END}]))


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("below", [False, True])
def test_an_event_outside_arrives_outside(link, axis, below):
    event = np.zeros((1, 3), dtype=np.int32)
    event[0, axis] = -1 if below else (link.channels, link.height, link.width)[axis]
    packets = pack_sample(link, event)
    assert packet_field(link.layout, "y", packets)[0] >= link.height
    assert packet_field(link.layout, "mask", packets[:, :1])[0] == 1 if link.lanes < 32 else True


def test_refuses_an_event_outside_an_unguarded_link():
    with pytest.raises(ValueError, match=r"event 1 \(0, 4, 0\): expected inside \(2, 4, 4\)"):
        pack_sample(LinkConfig(2, 4, 4, 2), np.array([[0, 0, 0], [0, 4, 0]]))


@pytest.mark.parametrize("reads", [[-1], [4]])
def test_refuses_a_read_outside_the_sample(reads):
    with pytest.raises(ValueError, match="read_positions"):
        pack_sample(LINKS[1], np.zeros((3, 3), dtype=np.int32), reads)


def test_masks_unpack_in_ascending_channels():
    link = LinkConfig(5, 4, 4, 3)
    packets = to_words(
        link.layout,
        [
            {"kind": Kind.EVENT, "mask": 0b101, "block": 0, "y": 1, "x": 3},
            {"kind": Kind.EVENT_END},
            {"kind": Kind.EVENT, "mask": 0b11, "block": 1, "y": 2, "x": 0},
            {"kind": Kind.END},
        ],
    )
    items, indices = unpack_spikes(link, packets)
    assert items.tolist() == [[0, 1, 3], [2, 1, 3], [3, 2, 0], [4, 2, 0]]
    assert indices.tolist() == [0, 0, 2, 2]
    assert packet_text(link.layout, packets[2]) == "EVENT mask=0x3 block=0x1 x=0x0 y=0x2"


@pytest.mark.parametrize("classes", [1, 3, 10])
def test_answers(classes):
    rng = np.random.default_rng(classes)
    logits = rng.integers(-(2**31), 2**31, (4, classes))
    kinds = [Kind.READ, Kind.END, Kind.READ, Kind.END]
    labels = rng.integers(0, classes, 4).tolist()
    packets = to_words(
        answer_layout(classes),
        [
            {"kind": kind, "class_index": label, "logits": row.tolist()}
            for kind, label, row in zip(kinds, labels, logits, strict=True)
        ],
    )
    answers = unpack_answers(classes, packets)
    assert answers.ends.tolist() == [False, True, False, True]
    assert answers.classes.tolist() == labels
    assert np.array_equal(answers.logits, logits)


@pytest.mark.parametrize(("lanes", "taps", "bits"), [(5, 4, 9), (3, 2, 24), (1, 1, 2)])
def test_membranes(lanes, taps, bits):
    edge = EdgeShape(LinkConfig(1, 9, 11, 1), (3, 3), (2, 2), (1, 1), 1, 1)
    core = CoreShape(
        name="core",
        edges=(edge,),
        output_shape=(5, 5, 6),
        first_channel=0,
        layer_channels=5,
        lanes=lanes,
        taps=taps,
        weight_bits=4,
        membrane_bits=bits,
    )
    half = 1 << (bits - 1)
    membranes = (
        np.random.default_rng(bits).integers(-half, half, core.output_shape).astype(np.int32)
    )
    rows, columns = core.tap_grid
    memory = [[0] * core.bank_depth for _ in range(taps)]
    for (channel, y, x), value in np.ndenumerate(membranes):
        block, lane = divmod(channel, lanes)
        address = (y // rows * core.bank_shape[1] + x // columns) * core.blocks + block
        memory[y % rows * columns + x % columns][address] |= (int(value) % (2 * half)) << (
            lane * bits
        )
    words = -(-lanes * bits // 64)
    parts = [[[w >> 64 * i & (2**64 - 1) for i in range(words)] for w in bank] for bank in memory]
    assert np.array_equal(unpack_membranes(core, np.array(parts, dtype=np.uint64)), membranes)
