"""From beats to packets: nothing lost, END where it belongs, a packet a clock."""

import random

import pytest

from tests.hw.axi.shapes import small
from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.axi.beats import BeatReader
from tickless.hw.packet import Kind


def random_beats(count, seed):
    rng = random.Random(seed)
    kinds = [Kind.EVENT] * 8 + [Kind.END, Kind.READ, Kind.EVENT_END]
    return [
        {
            "channel": rng.randrange(2),
            "x": rng.randrange(8),
            "y": rng.randrange(8),
            "kind": rng.choice(kinds),
            "spare": int(rng.random() < 0.1),
            "last": int(rng.random() < 0.2),
        }
        for _ in range(count)
    ]


def payload(shape, beat):
    event = {name: value for name, value in beat.items() if name != "last"}
    return {"data": shape.event.const(event), "last": beat["last"]}


def expected(beats):
    """Kind, and of an event its mask, y and x."""
    for beat in beats:
        kind = beat["kind"]
        if kind in (Kind.EVENT, Kind.EVENT_END):
            known = kind == Kind.EVENT and not beat["spare"]
            yield Kind.EVENT, known << beat["channel"], beat["y"], beat["x"]
        else:
            yield (kind,)
        if beat["last"] and kind != Kind.END:
            yield (Kind.END,)


def decode(packet):
    kind = Kind(packet.kind)
    return (kind, packet.mask, packet.y, packet.x) if kind == Kind.EVENT else (kind,)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_beat_is_its_packet_and_the_last_one_of_a_packet_ends_the_sample(pattern):
    shape = small()
    reader = BeatReader(shape)
    beats = random_beats(200, seed=len(pattern))
    wanted = list(expected(beats))
    process, taken = collect(reader.o, len(wanted), decode, PATTERNS[pattern], 1)
    payloads = [payload(shape, beat) for beat in beats]
    simulate(reader, send(reader.i, payloads, PATTERNS[pattern], 2), process)
    assert taken == wanted


def test_events_go_on_at_one_a_clock():
    shape = small()
    reader = BeatReader(shape)
    events = [{**beat, "kind": Kind.EVENT, "last": 0} for beat in random_beats(100, seed=1)]
    payloads = [payload(shape, beat) for beat in events]
    process, taken = collect(reader.o, len(events), decode, 1.0, 1)
    simulate(reader, send(reader.i, payloads, 1.0, 2), process, clocks=len(events) + 3)
    assert len(taken) == len(events)
