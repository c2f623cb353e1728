"""A graph without subgraphs: its nodes in order, and what each of them receives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np

from tickless.sw.nir.reading import Graph, GraphError, Node

__all__ = ["FlatGraph", "flatten"]


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """Acyclic graph of primitives with one input and one output.

    Members
    -------
    where : str
        File, for messages.
    nodes : mapping of str to Node
        Nodes by name, each behind all that it receives something from; those of a subgraph are
        named ``"subgraph.node"``.
    senders : mapping of str to tuple of str
        Names of the nodes that send to each.
    aside : tuple of str
        Nodes of which nothing reaches the output; they are not among ``nodes``.
    metadata : mapping of str to numpy.ndarray or str
        The graph's own.
    """

    where: str
    nodes: Mapping[str, Node]
    senders: Mapping[str, tuple[str, ...]]
    aside: tuple[str, ...]
    metadata: Mapping[str, np.ndarray | str]


def flatten(graph: Graph) -> FlatGraph:
    """Graph without subgraphs, in order.

    Raises
    ------
    GraphError
        If it has a cycle, several inputs or outputs, or an edge from or to nowhere.
    """
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    _expand(graph, "", nodes, edges)
    senders: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        if source in senders[target]:
            raise nodes[target].refuse(f"two edges from {source!r}: expected one")
        senders[target].append(source)
    try:
        order = list(TopologicalSorter(senders).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise GraphError(
            f"{graph.where}: recurrence: {circle}: expected a graph without cycles; events run "
            "through a network once"
        ) from None
    first = _only(graph, nodes, "Input", [name for name in order if not senders[name]])
    sent = {source for source, _ in edges}
    last = _only(graph, nodes, "Output", [name for name in order if name not in sent])
    used = {last}
    for name in reversed(order):
        if name in used:
            used.update(senders[name])
    for name in order:
        if name in used and not senders[name] and name != first:
            raise nodes[name].refuse("nothing reaches it: expected an edge from another node")
    if first not in used:
        raise GraphError(f"{graph.where}: no path from {first!r} to {last!r}")
    return FlatGraph(
        graph.where,
        {name: nodes[name] for name in order if name in used},
        {name: tuple(senders[name]) for name in order if name in used},
        tuple(name for name in order if name not in used),
        graph.metadata,
    )


def _only(graph: Graph, nodes: dict[str, Node], kind: str, ends: list[str]) -> str:
    """Name of the only Input or Output; without one, of the only node at that end."""
    named = [name for name, node in nodes.items() if node.kind == kind]
    found = named or ends
    if len(found) != 1:
        raise GraphError(f"{graph.where}: {kind} nodes {found}: expected one")
    return found[0]


def _expand(
    graph: Graph, prefix: str, nodes: dict[str, Node], edges: list[tuple[str, str]]
) -> None:
    """Add a graph's nodes and edges, those of its subgraphs in their place."""
    entry: dict[str, str] = {}
    leave: dict[str, str] = {}
    for name, node in graph.nodes.items():
        full = prefix + name
        if full in nodes:
            raise GraphError(
                f"{graph.where}: two nodes named {full!r}, one of them in a subgraph: expected "
                "names that differ; rename one"
            )
        if isinstance(node, Graph):
            _expand(node, f"{full}.", nodes, edges)
            entry[name] = f"{full}.{_port(node, 'Input')}"
            leave[name] = f"{full}.{_port(node, 'Output')}"
            for port in (entry[name], leave[name]):
                inner = nodes[port]
                nodes[port] = Node(inner.where, "Identity", {}, inner.metadata)
        else:
            nodes[full] = node
            entry[name] = leave[name] = full
    inside = {name[len(prefix) :] for name in nodes if name.startswith(prefix)}
    for source, target in _named(graph, inside | graph.nodes.keys()):
        edges.append((leave.get(source, prefix + source), entry.get(target, prefix + target)))


def _port(graph: Graph, kind: str) -> str:
    found = [
        name for name, node in graph.nodes.items() if isinstance(node, Node) and node.kind == kind
    ]
    if len(found) != 1:
        raise GraphError(f"{graph.where}: {kind} nodes {found}: expected one")
    return found[0]


def _named(graph: Graph, known: set[str]) -> Iterator[tuple[str, str]]:
    """Edges between nodes that are there.

    Where edges know one name that no node has, and one node is in no edge, as in subgraphs of
    NIR 0.2, both are the same.
    """
    ends = {name for edge in graph.edges for name in edge}
    unknown, idle = sorted(ends - known), sorted(graph.nodes.keys() - ends)
    renamed: dict[str, str] = {}
    if len(unknown) == len(idle) == 1:
        renamed = {unknown[0]: idle[0]}
    elif unknown:
        raise GraphError(
            f"{graph.where}: an edge names {unknown[0]!r}: expected one of {sorted(graph.nodes)}"
        )
    for source, target in graph.edges:
        yield renamed.get(source, source), renamed.get(target, target)
