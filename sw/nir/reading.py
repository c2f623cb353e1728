"""NIR graphs as plain records, from files of all its versions and from objects of its package.

Files are read from their HDF5, not by ``nir.read``: it refuses files of NIR 0.x and some of 1.0,
and puts a zero in the place of a ``v_reset`` that is not there, which tells how a neuron resets.
They are read by pyfive, for libhdf5 crashes, or never returns, on some damaged files. Nothing is
unpickled.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pyfive

from tickless.errors import InputError

__all__ = ["Graph", "GraphError", "Node", "read_graph", "read_object"]

MOST_BYTES = 1 << 28
"""Largest array of a file, as it says itself: compressed, a damaged one may claim any."""

CHUNK_BYTES = 24
"""Fewest bytes of a chunk in a file: its entry in the index alone."""

MOST_DEPTH, MOST_ENTRIES = 64, 10_000
"""Deepest nesting of groups, and most entries of all: a file's links may lead in circles."""

LARGEST = 1 << 24
"""Largest integer that any field may have."""

Value = np.ndarray | str


class GraphError(InputError):
    """NIR graph that cannot be read, or become a network; the message names file and node."""


@dataclass(frozen=True, eq=False)
class Node:
    """One primitive of a graph.

    Members
    -------
    where : str
        File and name, for messages.
    kind : str
        NIR's name of the primitive, as ``"Conv2d"``.
    values, metadata : mapping of str to numpy.ndarray or str
        Fields as they are in the file; what is None is left out.
    """

    where: str
    kind: str
    values: Mapping[str, Value]
    metadata: Mapping[str, Value]

    def refuse(self, why: str) -> GraphError:
        """Error that names the node."""
        return GraphError(f"{self.where} ({self.kind}): {why}")

    def text(self, name: str) -> str | None:
        """Text of the metadata; None if there is none of that name."""
        found = self.metadata.get(name)
        return found if isinstance(found, str) else None

    def real(self, name: str) -> np.ndarray:
        """Field of finite numbers as float64, or infinite ones; GraphError otherwise."""
        value = self.values.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
            found = "is missing" if value is None else f"= {_short(value)}"
            raise self.refuse(f"{name} {found}: expected numbers")
        array = value.astype(np.float64)
        if np.isnan(array).any():
            raise self.refuse(f"{name}: expected numbers, got NaN")
        return array

    def integers(self, name: str, length: int, low: int) -> tuple[int, ...]:
        """Field of ``length`` integers of at least ``low``; a single one stands for all."""
        array = self.real(name).ravel()
        whole = np.isfinite(array).all() and (array == np.rint(array)).all()
        inside = whole and array.size in (1, length) and ((array >= low) & (array <= LARGEST)).all()
        if not inside:
            most = f", at most {LARGEST}" if (array > LARGEST).any() else ""
            raise self.refuse(
                f"{name} = {_short(self.values[name])}: "
                f"expected {length} integers of at least "
                f"{low}{most}"
            )
        return tuple(int(item) for item in np.broadcast_to(array, length))

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Field that is a shape; None if it is missing, empty or has a zero for unknown."""
        if name not in self.values:
            return None
        size = self.real(name).size
        shape = self.integers(name, size, 0) if size else ()
        return shape if shape and all(shape) else None


@dataclass(frozen=True, eq=False)
class Graph:
    """Graph of nodes, some of which may be graphs.

    Members
    -------
    where : str
        File, and the graph's name where it is a node, for messages.
    nodes : mapping of str to Node or Graph
        Nodes by name.
    edges : tuple of (str, str)
        Source and target of each edge.
    metadata : mapping of str to numpy.ndarray or str
        As of a node.
    """

    where: str
    nodes: Mapping[str, "Node | Graph"]
    edges: tuple[tuple[str, str], ...]
    metadata: Mapping[str, Value]


def read_graph(path: Path | str) -> Graph:
    """Graph of an HDF5 file of NIR, of any version.

    Raises
    ------
    GraphError
        If the file is missing, no HDF5, damaged, or holds no graph.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise GraphError(f"{path}: no such file") from None
    try:
        with pyfive.File(BytesIO(content)) as file:
            root = file.get("node", None)
            if not isinstance(root, pyfive.Group):
                raise GraphError(f"{path}: no group 'node': not a NIR file")
            fields = _Fields(str(path), len(content)).of(root)
    except GraphError:
        raise
    except Exception as error:
        # The library trusts the file: of a damaged one come errors of all types.
        raise GraphError(f"{path}: not a readable HDF5 file: {_line(error)}") from None
    return _graph(str(path), fields)


def read_object(graph: Any) -> Graph:
    """Graph of a ``nir.NIRGraph``."""
    return _graph("graph", _object_fields(graph))


class _Fields:
    """Everything in a file's groups: dictionaries, arrays and strings."""

    def __init__(self, where: str, size: int):
        self.where, self.size = where, size
        self.left = MOST_ENTRIES

    def of(self, group: pyfive.Group, depth: int = 0, name: str = "node") -> dict[str, Any]:
        """Fields of a group; GraphError if they are too many, too deep or too large."""
        self.left -= len(group)
        if depth > MOST_DEPTH or self.left < 0:
            raise GraphError(f"{self.where}: {name}: groups without end: damaged")
        return {key: self._entry(group[key], depth, f"{name}/{key}") for key in group}

    def _entry(self, item: Any, depth: int, name: str) -> Any:
        if isinstance(item, pyfive.Group):
            return self.of(item, depth + 1, name)
        if not isinstance(item, pyfive.Dataset):
            raise GraphError(f"{self.where}: {name}: expected a group or an array")
        if prod(item.shape or ()) * item.dtype.itemsize > MOST_BYTES:
            raise GraphError(
                f"{self.where}: {name}: {item.shape} of {item.dtype}: expected at most "
                f"{MOST_BYTES} bytes"
            )
        if item.chunks:
            pieces = prod(
                -(-length // piece) for length, piece in zip(item.shape, item.chunks, strict=True)
            )
            if pieces * CHUNK_BYTES > self.size:
                raise GraphError(f"{self.where}: {name}: {pieces} chunks: more than the file holds")
        return item[()]


def _object_fields(item: Any) -> dict[str, Any] | None:
    if item is None:
        return None
    if hasattr(item, "nodes") and hasattr(item, "edges"):
        nodes = {name: _object_fields(node) for name, node in item.nodes.items()}
        metadata = getattr(item, "metadata", None)
        return {"type": "NIRGraph", "nodes": nodes, "edges": item.edges, "metadata": metadata or {}}
    return item.to_dict()


def _graph(where: str, fields: dict[str, Any] | None) -> Graph:
    if fields is None or _text(fields.get("type")) != "NIRGraph" or "nodes" not in fields:
        raise GraphError(f"{where}: expected a NIRGraph with nodes")
    nodes = {}
    if not isinstance(fields["nodes"], dict):
        raise GraphError(f"{where}: nodes: expected a group")
    for name, entry in _named(fields["nodes"]):
        inside = f"{where}: node {name!r}"
        if not isinstance(entry, dict):
            raise GraphError(
                f"{inside} is {_short(entry)}: its framework could not write that layer; replace "
                "it there by one that it can, or take it out"
            )
        kind = _text(entry.get("type"))
        if kind is None:
            raise GraphError(f"{inside}: type: expected a primitive's name")
        if kind == "NIRGraph":
            nodes[name] = _graph(inside, entry)
        else:
            metadata = entry.get("metadata")
            values = {key: value for key, value in entry.items() if key not in ("type", "metadata")}
            nodes[name] = Node(inside, kind, _values(values), _values(metadata))
    edges = tuple(_edges(where, fields.get("edges", ())))
    return Graph(where, nodes, edges, _values(fields.get("metadata")))


def _named(entries: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nodes by name: of a slash in it HDF5 has made groups."""
    for name, entry in entries.items():
        if isinstance(entry, dict) and entry and all(isinstance(e, dict) for e in entry.values()):
            yield from _named(entry, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", entry


def _edges(where: str, entries: Any) -> Iterator[tuple[str, str]]:
    try:
        pairs = [(_text(source), _text(target)) for source, target in entries]
    except (TypeError, ValueError):
        raise GraphError(f"{where}: edges: expected pairs of names") from None
    for source, target in pairs:
        if source is None or target is None:
            raise GraphError(f"{where}: edges: expected pairs of names")
        yield source, target


def _values(entries: Any) -> dict[str, Value]:
    found = {}
    for name, value in entries.items() if isinstance(entries, dict) else ():
        text = _text(value)
        if text is not None:
            found[name] = text
        elif value is not None and not isinstance(value, dict):
            found[name] = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    return found


def _text(value: Any) -> str | None:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value if isinstance(value, str) else None


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) < 60 else f"{text[:57]}..."


def _line(error: BaseException) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(text).split()) or type(error).__name__
