"""Small NIR graphs for tests, and what they mean event by event, by torch's own functions."""

import itertools
from math import prod
from typing import Any

import h5py
import nir
import numpy as np
import torch
from torch.nn import functional

__all__ = [
    "chain",
    "conv1d",
    "conv2d",
    "entry",
    "leave",
    "linear",
    "linear_part",
    "neurons",
    "spikes_of",
    "write_plain",
]


def chain(*nodes, sensor) -> Any:
    """Graph of nodes one behind the other, named by their numbers."""
    named: dict[str, nir.NIRNode] = {"input": entry(sensor)}
    named |= {str(index): node for index, node in enumerate(nodes)}
    named["output"] = leave()
    names = list(named)
    return nir.NIRGraph(named, list(itertools.pairwise(names)), type_check=False)


def entry(shape):
    return nir.Input({"input": np.array(shape)})


def leave():
    """Output of a shape that the graph leaves open."""
    return nir.Output({"output": np.zeros(0, int)})


def neurons(shape, threshold: Any = 1.0, r=1.0, **more):
    return nir.IF(np.full(shape, r), np.broadcast_to(threshold, shape).astype(float), **more)


def conv2d(weight, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, bias=0.0, size=None):
    zero = np.full(len(weight), bias)
    return nir.Conv2d(size, np.asarray(weight), stride, padding, dilation, groups, zero)


def conv1d(weight, stride=1, padding=0, dilation=1, groups=1):
    zero = np.zeros(len(weight))
    return nir.Conv1d(None, np.asarray(weight), stride, padding, dilation, groups, zero)


def linear(weight):
    return nir.Linear(np.asarray(weight))


def write_plain(path, nodes, edges, version="0.2.0"):
    """File as early versions of NIR wrote it: fields as given, nothing else."""

    def write(group, fields):
        for name, value in fields.items():
            if isinstance(value, dict):
                write(group.create_group(name), value)
            elif isinstance(value, str) or name == "edges":
                group.create_dataset(name, data=value, dtype=h5py.string_dtype())
            else:
                group.create_dataset(name, data=value)

    with h5py.File(path, "w") as file:
        file.create_dataset("version", data=version, dtype=h5py.string_dtype())
        write(file.create_group("node"), {"type": "NIRGraph", "nodes": nodes, "edges": edges})


def spikes_of(graph, events, reset="subtract", strict=False):
    """Spikes ``(channel, y, x)`` of each neuron node of a graph, event by event.

    Each spike, a frame with a single 1, runs through the linear nodes by torch; neurons that it
    reaches add it, and fire once at most. Currents of several edges follow one another.
    """
    behind = {name: [b for a, b in graph.edges if a == name] for name in graph.nodes}
    membranes, sent = {}, {name: [] for name, node in graph.nodes.items() if _spiking(node)}
    depth = _depths(graph, behind)

    def send(name, frame, reach):
        # The direct way first: what a fork's longer way makes of the spike comes later.
        for follower in sorted(behind[name], key=lambda other: _next(other, depth)):
            receive(follower, frame, reach)

    def _next(name, depth):
        while not _spiking(graph.nodes[name]) and behind[name]:
            name = behind[name][0]
        return -depth[name]

    def receive(name, frame, reach):
        node = graph.nodes[name]
        if isinstance(node, nir.Output):
            return
        if not _spiking(node):
            send(name, linear_part(node, frame), linear_part(node, reach, ones=True))
            return
        threshold = torch.as_tensor(node.v_threshold)
        charge = membranes.get(name, torch.zeros(threshold.shape)).double()
        near = reach.reshape(threshold.shape) > 0
        charge = charge + frame.reshape(threshold.shape) * torch.as_tensor(node.r)
        fired = near & (charge > threshold if strict else charge >= threshold)
        rest = charge - threshold if reset == "subtract" else torch.zeros_like(charge)
        membranes[name] = torch.where(fired, rest, charge)
        deep = fired.reshape(*fired.shape, *([1] * (3 - fired.ndim)))
        if fired.ndim == 2:  # channels and width
            deep = fired[:, None, :]
        for y, x, c in deep.permute(1, 2, 0).nonzero().tolist():
            sent[name].append((c, y, x))
            one = torch.zeros(deep.shape, dtype=torch.float64)
            one[c, y, x] = 1
            send(name, one.reshape(fired.shape), one.reshape(fired.shape))

    shape = tuple(graph.nodes["input"].input_type["input"])
    for channel, y, x in events.tolist():
        frame = torch.zeros(_deep(shape), dtype=torch.float64)
        frame[channel, y, x] = 1
        send("input", frame.reshape(shape), frame.reshape(shape))
    return {name: np.array(spikes).reshape(-1, 3) for name, spikes in sent.items()}


def _depths(graph, behind):
    depth = dict.fromkeys(graph.nodes, 0)
    for _ in graph.nodes:
        for a, b in graph.edges:
            depth[b] = max(depth[b], depth[a] + 1)
    return depth


def _deep(shape):
    return shape if len(shape) == 3 else (shape[0], 1, shape[1] if len(shape) > 1 else 1)


def _spiking(node):
    return isinstance(node, nir.IF)


def linear_part(node: Any, frame, ones=False):
    def tensor(value):
        real = torch.as_tensor(value, dtype=torch.float64)
        return torch.ones_like(real) if ones else real

    if isinstance(node, nir.Conv2d | nir.Conv1d):
        function: Any = functional.conv2d if isinstance(node, nir.Conv2d) else functional.conv1d
        options = (node.stride, node.padding, node.dilation, node.groups)
        return function(frame[None], tensor(node.weight), None, *options)[0]
    if isinstance(node, nir.AvgPool2d | nir.SumPool2d):
        window = tuple(map(int, node.kernel_size))
        pooled = functional.avg_pool2d(frame[None], window)[0]
        return pooled * (prod(window) if isinstance(node, nir.SumPool2d) else 1)
    if isinstance(node, nir.Linear | nir.Affine):
        return tensor(node.weight) @ frame.flatten()
    if isinstance(node, nir.Scale):
        return frame * tensor(node.scale)
    assert isinstance(node, nir.Flatten)
    return frame.flatten()
