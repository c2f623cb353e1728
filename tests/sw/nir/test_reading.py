from typing import Any

import h5py
import nir
import numpy as np
import pytest

from tickless.sw.nir.importing import from_nir
from tickless.sw.nir.reading import GraphError, read_graph, read_object

from .graphs import chain, linear, neurons, write_plain

WEIGHT = np.array([[0.5, -0.25], [1.0, 0.75]])

NODES = {
    "in": {"type": "Input", "shape": np.array([2])},
    "w": {"type": "Linear", "weight": WEIGHT},
    "if": {"type": "IF", "r": np.ones(2), "v_threshold": np.ones(2)},
    "out": {"type": "Output", "shape": np.array([2])},
}
EDGES = [("in", "w"), ("w", "if"), ("if", "out")]


def plain(path, nodes=NODES, edges=EDGES):
    write_plain(path, nodes, edges)
    return path


def test_files_and_objects_give_the_same_records(tmp_path):
    graph = chain(linear(WEIGHT), neurons((2,)), sensor=(2,))
    graph.nodes["0"].metadata["note"] = "kept"
    graph.nodes["output"].output_type = {"output": np.array([2])}
    nir.write(tmp_path / "a.nir", graph)
    file: Any
    object_: Any
    file, object_ = read_graph(tmp_path / "a.nir"), read_object(graph)
    assert sorted(file.nodes) == sorted(object_.nodes)
    assert sorted(file.edges) == sorted(object_.edges)
    for name, node in file.nodes.items():
        other = object_.nodes[name]
        assert node.kind == other.kind
        assert node.metadata == other.metadata
        assert sorted(node.values) == sorted(other.values)
        for field, value in node.values.items():
            assert np.array_equal(value, other.values[field])
    assert file.nodes["0"].metadata["note"] == "kept"


def test_old_files_are_read_that_the_package_refuses(tmp_path):
    weight = np.full((3, 1, 2, 2), 0.5)
    zero = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": np.zeros(3)}
    nodes = {
        "in": {"type": "Input", "shape": np.array([1, 1, 4, 5])},
        "c": {"type": "Conv2d", "weight": weight, **zero},
        "if": {"type": "IF", "r": np.float32(1), "v_threshold": np.float32(1)},
        "out": {"type": "Output", "shape": np.array([1, 3, 3, 4])},
    }
    path = plain(tmp_path / "a.nir", nodes, [("in", "c"), ("c", "if"), ("if", "out")])
    with pytest.raises(Exception):  # noqa: B017, PT011 (of one type or another)
        nir.read(path)
    network = from_nir(path).network
    assert network.input_shape == (1, 4, 5)
    assert network.layers[0].reset == "subtract"


def test_edges_of_a_subgraph_may_name_its_only_other_node(tmp_path):
    inner = {name: NODES[name] for name in ("in", "if", "out")}
    nodes = {
        "in": NODES["in"],
        "w": NODES["w"],
        "block": {
            "type": "NIRGraph",
            "nodes": inner,
            "edges": [("in", "fires"), ("fires", "out")],
        },
        "out": NODES["out"],
    }
    edges = [("in", "w"), ("w", "block"), ("block", "out")]
    imported = from_nir(plain(tmp_path / "a.nir", nodes, edges))
    assert [row.node for row in imported.rows] == ["in", "w", "block.if", "out"]
    nodes["block"]["edges"] = [("in", "fires"), ("other", "out")]
    with pytest.raises(GraphError, match="node 'block': an edge names 'fires'"):
        from_nir(plain(tmp_path / "b.nir", nodes, edges))


def changed(name, **fields):
    return {**NODES, name: {**NODES[name], **fields}}


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        (changed("w", weight="heavy"), EDGES, r"node 'w' \(Linear\): weight = 'heavy': expected n"),
        (changed("w", weight=np.ones(2, bool)), EDGES, r"node 'w' \(Linear\): weight"),
        (changed("w", weight=np.ones((2, 0))), EDGES, r"weight of shape \(2, 0\)"),
        (changed("w", type="Lamp"), EDGES, r"node 'w' \(Lamp\): an unknown primitive"),
        (changed("if", r=np.ones(3)), EDGES, r"node 'if' \(IF\): r of shape \(3,\)"),
        (changed("out", shape=np.array([3])), EDGES, r"node 'out' \(Output\): shape = \(3,\)"),
        (changed("in", shape=np.array([1.5])), EDGES, r"node 'in' \(Input\): shape = .*integers"),
        ({**NODES, "w": np.float32(3)}, EDGES, "node 'w' is .*: its framework could not write"),
        ({**NODES, "w": {"weight": WEIGHT}}, EDGES, "node 'w': type: expected a primitive's name"),
        ({**NODES, "also": NODES["in"]}, [*EDGES, ("also", "if")], r"Input nodes \['also', 'in'\]"),
        (NODES, [*EDGES, ("if", "w")], "recurrence: (w -> if|if -> w)"),
        (NODES, [*EDGES, ("if", "lost")], "an edge names 'lost': expected one of"),
        (NODES, [*EDGES, EDGES[1]], r"node 'if' \(IF\): two edges from 'w'"),
        (NODES, [EDGES[0], EDGES[2]], r"node 'if' \(IF\): nothing reaches it"),
        ({"in": NODES["in"]}, np.zeros((0, 2), "S1"), "no path|expected"),
        (NODES, np.ones(3), "edges: expected pairs of names"),
    ],
)
def test_bad_graphs_are_refused_with_file_and_node(nodes, edges, message, tmp_path):
    path = tmp_path / "bad.nir"
    if isinstance(edges, np.ndarray):
        write_plain(path, nodes, EDGES)
        with h5py.File(path, "a") as file:
            del file["node/edges"]
            file["node/edges"] = edges
    else:
        plain(path, nodes, edges)
    with pytest.raises(GraphError, match=message) as error:
        from_nir(path)
    assert str(path) in str(error.value)


def test_a_node_of_none_is_told(tmp_path):
    graph = chain(linear(WEIGHT), neurons((2,)), sensor=(2,))
    graph.nodes["0"] = None
    with pytest.raises(GraphError, match="node '0' is None: its framework could not write"):
        from_nir(graph)


def test_files_that_are_none(tmp_path):
    with pytest.raises(GraphError, match=r"missing.nir: no such file"):
        read_graph(tmp_path / "missing.nir")
    path = tmp_path / "a.nir"
    path.write_bytes(b"")
    with pytest.raises(GraphError, match=r"a.nir: not a readable HDF5 file"):
        read_graph(path)
    with pytest.raises(IsADirectoryError):
        read_graph(tmp_path)
    with h5py.File(path, "w") as file:
        file["other"] = 1
    with pytest.raises(GraphError, match="no group 'node'"):
        read_graph(path)
    plain(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(GraphError, match=r"a.nir: "):
        read_graph(path)


def test_nothing_outside_of_a_file_is_read_and_circles_end(tmp_path):
    plain(tmp_path / "other.nir")
    for name, link in (
        ("linked", h5py.ExternalLink("other.nir", "node/nodes/w/weight")),
        ("circle", h5py.SoftLink("/node")),
    ):
        path = plain(tmp_path / f"{name}.nir")
        with h5py.File(path, "a") as file:
            file["node/nodes/w/more"] = link
        with pytest.raises(GraphError, match=f"{name}.nir: "):
            read_graph(path)


def test_arrays_are_at_most_what_a_file_may_hold(tmp_path):
    for name, shape, chunks in (("huge", (1 << 30,), (1 << 20,)), ("fine", (1 << 20,), (1,))):
        path = plain(tmp_path / f"{name}.nir")
        with h5py.File(path, "a") as file:
            file.create_dataset("node/nodes/w/more", shape, "f8", chunks=chunks)
        with pytest.raises(GraphError, match=r"w/more: .*(expected at most|more than the file)"):
            read_graph(path)


def test_what_reaches_no_output_is_left_out():
    graph = chain(linear(WEIGHT), neurons((2,)), sensor=(2,))
    graph.nodes["probe"] = neurons((2,))
    graph.edges.append(("0", "probe"))
    row = next(row for row in from_nir(graph, semantics="sinabs").rows if row.node == "probe")
    assert row.becomes == "left out"


def test_names_may_have_slashes_which_are_groups_in_the_file(tmp_path):
    names = {"in": "in", "w": "block/0/conv", "if": "block/0/act", "out": "block/out"}
    nodes = {names[name]: node for name, node in NODES.items()}
    path = plain(tmp_path / "a.nir", nodes, [(names[a], names[b]) for a, b in EDGES])
    assert set(read_graph(path).nodes) == set(names.values())
    expected = from_nir(plain(tmp_path / "b.nir"))
    imported = from_nir(path)
    assert imported.network.hash == expected.network.hash
    assert [row.node for row in imported.rows] == list(names.values())


def test_graphs_in_graphs_in_graphs(tmp_path):
    graph: Any = chain(linear(WEIGHT), neurons((2,)), sensor=(2,))
    expected = from_nir(graph, semantics="sinabs").network.hash
    for _ in range(20):
        graph = chain(graph, sensor=(2,))
    nir.write(tmp_path / "a.nir", graph)
    for read in (graph, tmp_path / "a.nir"):
        assert from_nir(read, semantics="sinabs").network.hash == expected


def test_a_node_and_one_of_a_subgraph_of_the_same_name_are_refused():
    inner = chain(linear(WEIGHT), sensor=(2,))
    graph: Any = chain(inner, neurons((2,)), sensor=(2,))
    assert len(from_nir(graph, semantics="sinabs").network.layers) == 2
    graph.nodes["0.0"] = graph.nodes.pop("1")
    graph.edges = [("input", "0"), ("0", "0.0"), ("0.0", "output")]
    with pytest.raises(GraphError, match=r"two nodes named '0\.0', one of them in a subgraph"):
        from_nir(graph, semantics="sinabs")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 10**9, 8), "expected 3 integers of at least 0, at most 16777216"),
        ((2.5,), "expected 1 integers of at least 0$"),
    ],
)
def test_extents_are_integers_within_bounds(shape, message):
    graph = chain(linear(WEIGHT), neurons((2,)), sensor=(2,))
    graph.nodes["input"] = nir.Input({"input": np.array(shape)})
    with pytest.raises(GraphError, match=message):
        from_nir(graph, semantics="sinabs")
