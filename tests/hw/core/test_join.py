import gc
import random

import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.core.join import Join
from tickless.hw.packet import Kind, LinkConfig
from tickless.hw.streams import Fork, StreamQueue

PATH = LinkConfig(3, 4, 2, 3, level_bits=1)
SHORTCUT = LinkConfig(5, 2, 6, 5)


def event(rng, link):
    fields = {"channel": link.channels, "y": link.height, "x": link.width}
    return {"kind": Kind.EVENT, **{name: rng.randrange(size) for name, size in fields.items()}}


def decode(item):
    return Kind(item.kind), int(item.edge), int(item.channel), int(item.y), int(item.x)


def expected(item, edge):
    if item["kind"] != Kind.EVENT:
        return item["kind"]
    return item["kind"], edge, item["channel"], item["y"], item["x"]


@pytest.mark.parametrize(("seed", "pattern"), list(enumerate(PATTERNS)))
def test_a_shortcut_s_event_leaves_before_what_the_path_made_of_it(seed, pattern):
    rng = random.Random(seed)
    path, shortcut, wanted = [], [], []
    for _ in range(60):
        if rng.random() < 0.15:
            marker = {"kind": rng.choice([Kind.END, Kind.READ])}
            path.append(marker)
            shortcut.append(marker)
            wanted.append(expected(marker, 0))
            continue
        shortcut.append(event(rng, SHORTCUT))
        wanted.append(expected(shortcut[-1], 1))
        for _ in range(rng.choice([0, 0, 1, 4])):
            path.append(event(rng, PATH))
            wanted.append(expected(path[-1], 0))
        path.append({"kind": Kind.EVENT_END})
    dut = Join((PATH, SHORTCUT))
    chance = PATTERNS[pattern]
    process, taken = collect(dut.o, len(wanted), decode, chance, seed)
    simulate(
        dut,
        send(dut.i, path, chance, 1),
        send(dut.shortcut, shortcut, PATTERNS["light"], 2),
        process,
    )
    assert [item if item[0] == Kind.EVENT else item[0] for item in taken] == wanted


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_refuses_links_without_ends():
    with pytest.raises(ValueError, match="expected ends of events on the first"):
        Join((SHORTCUT, SHORTCUT))
    gc.collect()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_fork_gives_everything_to_both(pattern):
    dut = Fork(8)
    payloads = list(range(100))
    first, taken_first = collect(dut.o[0], 100, int, PATTERNS[pattern], 1)
    second, taken_second = collect(dut.o[1], 100, int, PATTERNS["light"], 2)
    simulate(dut, send(dut.i, payloads, 0.9, 3), first, second)
    assert taken_first == taken_second == payloads


@pytest.mark.parametrize("pattern", PATTERNS)
def test_queue_keeps_the_order(pattern):
    dut = StreamQueue(8, 4)
    payloads = list(range(100))
    process, taken = collect(dut.o, 100, int, PATTERNS[pattern], 1)
    simulate(dut, send(dut.i, payloads, 0.9, 3), process)
    assert taken == payloads
