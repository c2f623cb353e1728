"""Writer of a recording: behind each marker a list of all events so far lies in the SDRAM."""

import random

import pytest

from tests.hw.passes.test_traffic import shared
from tests.hw.stream_io import simulate
from tickless.host.event_lists import ListWriter
from tickless.hw.packet import Kind, LinkConfig
from tickless.hw.passes.recording import RecordingWriter
from tickless.hw.passes.words import Marker

LINK = LinkConfig(3, 40, 60, lanes=3, guarded=True)
START = 100


def events(rng: random.Random, count: int):
    """Packets' mask, y and x; some outside the extent, some without a channel."""
    for _ in range(count):
        mask = rng.choice([1, 2, 4, 4, 0])
        yield mask, rng.randrange(40), rng.choice([rng.randrange(60), rng.randrange(4), 63])


def listed(packets) -> list[int]:
    """Words of the list of a recording."""
    out = ListWriter()
    for mask, y, x in packets:
        if mask and y < LINK.height and x < LINK.width:
            out.event(mask.bit_length() - 1, y, x, -1)
    out.marker(Marker.END)
    out.marker(Marker.STOP)
    return out.words


def write(pieces, limit: int):
    """What lies in the SDRAM, and whether it overflowed, behind each piece and its marker."""
    writer = RecordingWriter(LINK)
    m, _, words = shared(60, [writer])
    found = []

    async def process(ctx):
        ctx.set(writer.address, START)
        ctx.set(writer.limit, limit)
        for packets, kind in pieces:
            for mask, y, x in packets:
                ctx.set(writer.i.p, {"mask": mask, "y": y, "x": x, "kind": Kind.EVENT})
                ctx.set(writer.i.valid, 1)
                await ctx.tick().until(writer.i.ready)
            ctx.set(writer.i.p.kind, kind)
            ctx.set(writer.i.valid, 1)
            await ctx.tick().until(writer.i.ready)
            ctx.set(writer.i.valid, 0)
            while not ctx.get(writer.ended):
                await ctx.tick()
            assert ctx.get(writer.kind) == kind
            memory = [ctx.get(words.data[START + k]) for k in range(limit - START)]
            found.append((memory, bool(ctx.get(writer.overflow))))
            ctx.set(writer.again, 1)
            await ctx.tick()
            ctx.set(writer.again, 0)

    simulate(m, process)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_each_marker_ends_a_list_of_all_events_so_far(seed):
    rng = random.Random(seed)
    pieces = []
    for _ in range(2):
        for kind in (Kind.READ, Kind.READ, Kind.END):
            pieces.append((list(events(rng, rng.choice([0, 1, 40, 200]))), kind))
    so_far: list = []
    for (packets, kind), (memory, overflow) in zip(pieces, write(pieces, 2000), strict=True):
        so_far += packets
        expected = listed(so_far)
        assert memory[: len(expected)] == expected
        assert not overflow
        if kind == Kind.END:
            so_far = []


def test_a_recording_that_does_not_fit_is_passed_over_and_the_next_one_is_not():
    long = [(1, 2 * (k % 20), 3 * (k % 20)) for k in range(900)]
    short = long[:30]
    pieces = [(long, Kind.READ), (short, Kind.END), (short, Kind.END)]
    behind = write(pieces, START + 600)
    assert [overflow for _, overflow in behind] == [True, True, False]
    assert behind[2][0][: len(listed(short))] == listed(short)
