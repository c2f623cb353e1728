from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_events
from tickless.gen.activity import measure_activity
from tickless.gen.configure import layer_cores
from tickless.gen.folding import Folding
from tickless.gen.place import core_packets, mesh_config, place
from tickless.gen.routes import check_routes
from tickless.hw.fabric.flit import HOST, FlitConfig
from tickless.hw.fabric.router import Port, RouterConfig
from tickless.hw.fabric.topology import connections, round_trip, route
from tickless.sw.integer import engine
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries

FLIT = FlitConfig(3, 4, 8, 2)


@pytest.fixture
def network():
    rng = np.random.default_rng(2)
    shapes = layer_geometries(
        (2, 8, 8),
        [
            LayerSpec("conv2d", 4, 3, padding=1),
            LayerSpec("conv2d", 4, 3, stride=2),
            LayerSpec("readout", 3),
        ],
    )
    layers = []
    for index, geometry in enumerate(shapes):
        weight = rng.integers(-4, 8, geometry.weight_shape).astype(np.int8)
        size = 4 if index < 2 else 0
        threshold = np.full(size, 10, np.int32)
        edge = Edge(geometry, weight, 4)
        layers.append(Layer(f"layer{index}", (edge,), threshold, -threshold, 8 if size else 32))
    return Network(tuple(layers))


@pytest.fixture
def layers(network):
    return layer_cores(network, [Folding(2, 1), Folding(2, 1), Folding(3, 1)], [2, 2, 1])


def test_routes_are_shortest_and_turn_once():
    places = [HOST, *((row, column) for row in (1, 2, 3) for column in range(4))]
    for source in places:
        for target in places:
            if source == target:
                continue
            links = route(FLIT, source, target)
            hops = abs(source[0] - target[0]) + abs(source[1] - target[1])
            # From the host the way begins at the first router; to a tile it ends with LOCAL.
            assert len(links) == hops + (target != HOST) - (source == HOST)
            ports = [port for _, port in links if port is not Port.LOCAL]
            along_row = [port in (Port.EAST, Port.WEST) for port in ports]
            assert along_row == sorted(along_row, reverse=True)


def test_routers_allow_every_turn_of_a_route():
    places = [HOST, *((row, column) for row in (1, 2, 3) for column in range(4))]
    for source in places:
        for target in places:
            arriving = Port.NORTH if source == HOST else Port.LOCAL
            if source == target:
                continue
            for (row, column), port in route(FLIT, source, target):
                assert arriving in RouterConfig(FLIT, row, column).inputs(port)
                arriving = port.opposite if port is not Port.LOCAL else port


def test_placement_is_near_and_repeatable(network, layers):
    rng = np.random.default_rng(0)
    samples = [random_events(rng, network, 100) for _ in range(3)]
    traces = [engine.run(network, events) for events in samples]
    packets = core_packets(layers, measure_activity(network, samples))
    spikes = np.mean([len(trace.layers[1].spikes) for trace in traces])
    events = np.mean([trace.layers[1].events for trace in traces])
    assert packets[1, 0] + packets[1, 1] == pytest.approx(spikes + 2 * events)
    config = place(3, 3, layers, [], packets)
    assert place(3, 3, layers, [], packets) == config

    def cost(config):
        return sum(config.traffic(packets).values())

    tiles = [(row, column) for row in (1, 2, 3) for column in range(3)]
    for _ in range(50):
        chosen = iter(rng.permutation(9)[:5])
        places = [[tiles[next(chosen)] for _ in parts] for parts in layers]
        assert cost(config) <= cost(mesh_config(3, 3, layers, [], places))


def test_queues_cover_the_round_trip(layers):
    for size in range(3, 8):
        config = place(size, size, layers, [], {})
        assert config.queue_depth - config.credit_batch >= round_trip(size, size)


def test_connections():
    a, b, c, d = [[(layer, index) for index in range(2)] for layer in range(4)]
    chain = connections([1, 2, 2, 1], [])
    pairs = [(None, a[0]), (a[0], b[0]), (a[0], b[1])]
    pairs += [(b[0], c[0]), (b[0], c[1]), (b[1], c[0]), (b[1], c[1])]
    assert list(chain) == [*pairs, (c[0], d[0]), (c[1], d[0]), (d[0], None)]
    shortcut = connections([1, 2, 2, 1], [(0, 2)])
    assert list(shortcut) == [*chain[:-1], (a[0], c[0]), (a[0], c[1]), chain[-1]]


def test_refuses_too_few_tiles(layers):
    with pytest.raises(ValueError, match="4 tiles for 5 cores"):
        place(2, 2, layers, [], {})


def test_a_deadlock_is_named(layers, monkeypatch):
    config = place(2, 3, layers, [], {})
    check_routes(config)

    def in_circles(flit, source, destination):
        ring = [(1, 0), (1, 1), (2, 1), (2, 0)]
        ports = [Port.EAST, Port.SOUTH, Port.WEST, Port.NORTH]
        start = source[0] * 7 + source[1]
        return [(ring[(start + k) % 4], ports[(start + k) % 4]) for k in range(3)]

    monkeypatch.setattr("tickless.gen.routes.route", in_circles)
    with pytest.raises(ValueError, match=r"could deadlock: router \(.* waits for router \("):
        check_routes(config)


def test_refuses_wrong_meshes(layers):
    config = place(2, 3, layers, [], {})
    for change, text in [
        ({"places": config.places[:-1]}, "expected one for each core of each layer"),
        ({"rows": 1}, r"expected rows 1\.\.1"),
        ({"queue_depth": 2}, "expected a depth of at least 3"),
        ({"credit_batch": 0}, "a batch of 1 to the depth"),
        (
            {"places": (config.places[0][:1] * 2, *config.places[1:])},
            r"core 'layer0\[2:4\]' at .*: 'layer0\[0:2\]' is there",
        ),
        ({"layers": (config.layers[0][::-1], *config.layers[1:])}, "first_channel = 2"),
    ]:
        with pytest.raises(ValueError, match=text):
            replace(config, **change)
