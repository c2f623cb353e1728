from dataclasses import replace

import pytest

from tests.hw.cores import make_core
from tickless.hw.fabric.config import MeshConfig, whole_link
from tickless.hw.fabric.flit import HOST, FlitConfig, Peer
from tickless.hw.fabric.receiver import check_queue
from tickless.hw.fabric.router import Port, RouterConfig
from tickless.hw.fabric.topology import round_trip

FIRST = make_core(output_shape=(2, 3, 3), lanes=2, end_level=0)
SLICES = tuple(
    replace(FIRST, name=f"slice{k}", first_channel=2 * k, layer_channels=4) for k in range(2)
)
_readout = make_core(
    channels=4,
    size=(3, 3),
    output_shape=(3, 1, 1),
    stride=1,
    padding=0,
    lanes=3,
    taps=1,
    readout=True,
)
READOUT = replace(
    _readout,
    name="readout",
    edges=(replace(_readout.edges[0], input_link=whole_link(SLICES)),),
)
_edge = replace(READOUT.edges[0], input_link=replace(READOUT.input_link, guarded=True))
GUARDED = replace(READOUT, edges=(_edge,))


def mesh(**changes):
    fields = {
        "rows": 2,
        "columns": 2,
        "layers": (SLICES, (READOUT,)),
        "places": (((1, 0), (1, 1)), ((2, 0),)),
        "queue_depth": 4,
        "credit_batch": 2,
    }
    return MeshConfig(**{**fields, **changes})


def test_mesh():
    config = mesh()
    assert config.cores == (*SLICES, READOUT)
    assert config.destinations(None) == (Peer(1, 0, 0), Peer(1, 1, 0))
    assert config.sources((1, 0)) == (Peer(1, 0, 0), Peer(1, 1, 0))
    assert config.sources((0, 1)) == (Peer(*HOST, 1),)
    assert config.destinations((1, 0)) == (Peer(*HOST, 0),)
    assert config.flit == FlitConfig(2, 2, payload_bits=32, connection_bits=1)
    assert round_trip(2, 2) > round_trip(1, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"places": (((1, 0),), ((2, 0),))}, r"places = .*: expected one for each core"),
        (
            {"places": (((1, 0), (0, 1)), ((2, 0),))},
            r"core 'slice1' at \(0, 1\): expected rows 1..2, columns 0..1",
        ),
        ({"places": (((1, 0), (1, 0)), ((2, 0),))}, r"'slice1' at \(1, 0\): 'slice0' is there"),
        ({"queue_depth": 2}, r"queue_depth = 2, .*: expected a depth of at least 3"),
        ({"layers": (SLICES, (FIRST,))}, r"readouts .*: expected one, as the last layer"),
        ({"joins": ((0, 1),)}, r"joins = \(\(0, 1\),\): expected one for each layer of two edges"),
        (
            {"layers": (SLICES, (GUARDED,))},
            r"core 'readout': input link .*: expected LinkConfig",
        ),
        (
            {"layers": ((SLICES[1], SLICES[0]), (READOUT,))},
            r"core 'slice1': first_channel = 2, lanes = 2: expected 0, a multiple of 2, and 2",
        ),
        (
            {"layers": ((SLICES[0], replace(SLICES[1], end_level=None)), (READOUT,))},
            r"core 'slice1': end_level = None: expected one of a slice",
        ),
        (
            {
                "layers": ((SLICES[0],), (READOUT,)),
                "places": (((1, 0),), ((2, 0),)),
            },
            r"core 'slice0': its layer's cores end at channel 2: expected 4",
        ),
    ],
)
def test_mesh_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        mesh(**changes)


@pytest.mark.parametrize(("depth", "batch"), [(2, 1), (3, 0), (3, 4)])
def test_queue_refuses(depth, batch):
    message = f"queue_depth = {depth}, credit_batch = {batch}: expected a depth of at least 3"
    with pytest.raises(ValueError, match=message):
        check_queue(depth, batch)


@pytest.mark.parametrize(("depth", "batch"), [(3, 1), (3, 3), (9, 4)])
def test_queue(depth, batch):
    check_queue(depth, batch)


@pytest.mark.parametrize("name", ["rows", "columns", "payload_bits", "connection_bits"])
@pytest.mark.parametrize("value", [-1, True, 1.0])
def test_flit_refuses(name, value):
    fields = {"rows": 1, "columns": 1, "payload_bits": 1, "connection_bits": 0, name: value}
    with pytest.raises(ValueError, match=f"{name} = {value!r}: expected an integer of at least"):
        FlitConfig(**fields)


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        (0, 0, r"row = 0: expected 1..2"),
        (3, 0, r"row = 3: expected 1..2"),
        (1, -1, r"column = -1: expected 0..2"),
        (1, 3, r"column = 3: expected 0..2"),
        (1.0, 0, r"row = 1.0: expected 1..2"),
    ],
)
def test_router_refuses(row, column, message):
    with pytest.raises(ValueError, match=message):
        RouterConfig(FlitConfig(2, 3, 1, 0), row, column)


@pytest.mark.parametrize(
    ("row", "column", "missing"),
    [
        (1, 0, {Port.WEST}),
        (1, 1, {Port.NORTH}),
        (2, 2, {Port.SOUTH, Port.EAST}),
    ],
)
def test_router_ports(row, column, missing):
    config = RouterConfig(FlitConfig(2, 3, 1, 0), row, column)
    assert set(config.ports) == set(Port) - missing
