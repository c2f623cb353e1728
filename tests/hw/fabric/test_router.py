import random
from itertools import pairwise

import pytest

from tests.hw.stream_io import PATTERNS, collect, send, simulate
from tickless.hw.fabric.flit import HOST, FlitConfig
from tickless.hw.fabric.router import Port, Router, RouterConfig

MESH = FlitConfig(rows=3, columns=3, payload_bits=16, connection_bits=0)
PLACES = {"host": (1, 0), "edge": (3, 1), "centre": (2, 1)}


def decode(flit):
    number, source = divmod(int(flit.payload), len(Port))
    return list(Port)[source], (int(flit.row), int(flit.column)), number


def way(config, place):
    """Output to a place: columns first."""
    row, column = place
    if column != config.column:
        return Port.EAST if column > config.column else Port.WEST
    if row != config.row:
        return Port.SOUTH if row > config.row else Port.NORTH
    return Port.LOCAL


def flit(source, place, number):
    payload = number * len(Port) + list(Port).index(source)
    return {"payload": payload, "row": place[0], "column": place[1]}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_order_of_each_source_and_destination(place, pattern):
    config = RouterConfig(MESH, *PLACES[place])
    dut = Router(config)
    rng = random.Random(place)
    everywhere = [HOST, *((row, column) for row in (1, 2, 3) for column in (0, 1, 2))]
    processes, outputs = [], {port: [] for port in config.ports}
    for port in config.ports:
        reached = [to for to in everywhere if port in config.inputs(way(config, to))]
        sent = [(port, rng.choice(reached), number) for number in range(60)]
        for item in sent:
            outputs[way(config, item[1])].append(item)
        flits = [flit(*item) for item in sent]
        processes.append(send(dut.incoming(port), flits, PATTERNS[pattern], rng.getrandbits(32)))
    taken = {}
    for port in config.ports:
        process, taken[port] = collect(
            dut.outgoing(port), len(outputs[port]), decode, PATTERNS[pattern], rng.getrandbits(32)
        )
        processes.append(process)
    simulate(dut, *processes)
    for port, items in outputs.items():
        assert sorted(taken[port], key=str) == sorted(items, key=str)
        last = {}
        for source, to, number in taken[port]:
            assert number > last.get((source, to), -1)
            last[source, to] = number


def test_one_flit_a_port_and_clock():
    config = RouterConfig(MESH, 2, 1)
    dut = Router(config)
    across = {
        Port.NORTH: (3, 1),
        Port.SOUTH: (1, 1),
        Port.EAST: (2, 0),
        Port.WEST: (2, 2),
    }
    processes = []
    for port, to in across.items():
        flits = [flit(port, to, number) for number in range(100)]
        processes.append(send(dut.incoming(port), flits, 1.0, 0))
        processes.append(collect(dut.outgoing(port.opposite), 100, decode, 1.0, 0)[0])
    simulate(dut, *processes, clocks=104)


def test_inputs_take_turns():
    dut = Router(RouterConfig(MESH, 2, 1))
    processes = [
        send(dut.incoming(port), [flit(port, (2, 1), n) for n in range(50)], 1.0, 0)
        for port in (Port.NORTH, Port.EAST)
    ]
    process, taken = collect(dut.outgoing(Port.LOCAL), 100, decode, 1.0, 0)
    simulate(dut, *processes, process, clocks=105)
    assert all(a[0] != b[0] for a, b in pairwise(taken))
