"""Neurons of a graph: thresholds, gains and leaks by channel, and the semantics that they imply."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tickless.sw.nir.graph import FlatGraph
from tickless.sw.nir.reading import Node
from tickless.sw.nir.semantics import FRAMEWORKS, TICKLESS, Semantics, framework

__all__ = [
    "BIAS_STEPS",
    "LEAKY",
    "MARK",
    "SPIKING",
    "NodeNeuron",
    "neuron_of",
    "semantics_of",
]

SPIKING = ("IF", "LIF")
"""Primitives that spike."""

MARK = "tickless"
"""Entry of a graph's metadata by which an export of ours is known."""

BIAS_STEPS = "bias_steps"
"""Entry of a node's metadata, of a readout's weights: time steps of a sample, in each of which its
bias counts."""

LEAKY = ("LIF", "LI")
"""Primitives that leak."""


@dataclass(frozen=True, eq=False)
class NodeNeuron:
    """Neurons, or integrators, of one node.

    Members
    -------
    gain : numpy.ndarray
        What a membrane receives of a current of 1, ``[channels]``.
    threshold : numpy.ndarray or None
        ``[channels]``; None of integrators.
    dt : float
        Time step that the gain was taken with, in seconds; as long as the membranes do not leak,
        nothing else depends on it.
    tau, v_leak, decay : numpy.ndarray or None
        ``[channels]``: time constant in seconds, leak voltage, and what a membrane keeps in a time
        step; None without a leak.
    semantics : Semantics
        How they fire and reset.
    """

    gain: np.ndarray
    threshold: np.ndarray | None
    dt: float
    tau: np.ndarray | None
    v_leak: np.ndarray | None
    decay: np.ndarray | None
    semantics: Semantics


def semantics_of(
    graph: FlatGraph, chosen: str | Semantics | Mapping[str, Semantics] | None
) -> Mapping[str, Semantics]:
    """Semantics of each node: those chosen, or what the graph's fields tell.

    An export of ours says so, neurons by neurons. A file without ``v_reset`` is of NIR 0.x, whose
    neurons subtract the threshold; ``r`` of 10,000 is what spikingjelly writes.

    Raises
    ------
    InputError
        If the name is unknown.
    GraphError
        If nothing tells.
    """
    if isinstance(chosen, Mapping):
        return dict.fromkeys(graph.nodes, TICKLESS) | dict(chosen)
    if chosen is None and MARK in graph.metadata:
        return {name: _exported(node) for name, node in graph.nodes.items()}
    how = _told(graph) if chosen is None else chosen
    return dict.fromkeys(graph.nodes, how if isinstance(how, Semantics) else framework(how))


def _exported(node: Node) -> Semantics:
    """Semantics of a node of an export of ours; the floor is the median of its channels'."""
    floor = None
    if "floor" in node.metadata:
        floor = float(np.median(Node(node.where, node.kind, node.metadata, {}).real("floor")))
        if not -np.inf < floor < 0:
            raise node.refuse(f"floor = {floor:g} thresholds: expected a negative number")
    return replace(
        TICKLESS, reset="zero" if node.text("reset") == "zero" else "subtract", floor=floor
    )


def _told(graph: FlatGraph) -> Semantics:
    """Semantics that a graph's fields tell; GraphError if they do not."""
    for node in graph.nodes.values():
        if node.kind not in SPIKING or "v_reset" not in node.values:
            continue
        if node.kind == "IF" and np.allclose(node.real("r"), 1 / FRAMEWORKS["spikingjelly"].dt):
            return FRAMEWORKS["spikingjelly"]
        raise node.refuse(
            "v_reset = 0 is written by frameworks that subtract the threshold at a spike, and by "
            f"those that reset to zero: say which with --semantics {'|'.join(FRAMEWORKS)} "
            "(in Python, semantics=)"
        )
    return TICKLESS


def neuron_of(
    node: Node, shape: tuple[int, ...], channels: int, semantics: Semantics, dt: float | None
) -> NodeNeuron:
    """Neurons of a node, whose input has a shape that begins with its channels.

    Parameters
    ----------
    dt : float, optional
        Time step in seconds that takes the place of what semantics, or ``r``, say.

    Raises
    ------
    GraphError
        If a field is missing, not finite or out of range, or differs within a channel.
    """

    def field(name: str) -> np.ndarray:
        return _by_channel(node, name, shape, channels)

    if dt is None and ("dt" in node.values or "dt" in node.metadata):
        dt = _own_dt(node)
    r = field("r")
    if (r <= 0).any():
        raise node.refuse(f"r = {r.min():g}: expected positive numbers")
    tau = v_leak = decay = None
    if node.kind in LEAKY:
        tau, v_leak = field("tau"), field("v_leak")
        if (tau <= 0).any():
            raise node.refuse(f"tau = {tau.min():g}: expected positive numbers")
        dt = semantics.leaky_dt if dt is None and semantics.name != TICKLESS.name else dt
        if dt is None:
            raise node.refuse(
                "the gain is r * dt / tau, and the file does not know dt: give --dt in seconds, or "
                f"--semantics {'|'.join(FRAMEWORKS)} (in Python, dt= or semantics=)"
            )
        gain = _leaky_gain(node, r, tau, dt)
        if np.isinf(tau).all():
            tau = v_leak = None
        else:
            decay = semantics.decay(tau, dt)
            if not (decay > 0).all():
                raise node.refuse(
                    f"tau = {tau.min():g} s, dt = {dt:g} s: nothing of a membrane is left after a "
                    "time step: expected a longer tau, or another --dt (in Python, dt=)"
                )
    else:
        if dt is None and semantics.name == TICKLESS.name:
            if (r != r[0]).any():
                raise node.refuse("r differs between channels: give --dt (in Python, dt=)")
            # A spike brings its weight, whatever the units.
            dt = 1 / float(r[0])
        gain = r * (semantics.dt if dt is None else dt)
    threshold = field("v_threshold") if node.kind in SPIKING else None
    if threshold is not None and (threshold <= 0).any():
        raise node.refuse(f"v_threshold = {threshold.min():g}: expected positive numbers")
    if node.kind in SPIKING and "v_reset" in node.values and field("v_reset").any():
        raise node.refuse(
            f"v_reset = {field('v_reset')[0]:g}: expected 0, where membranes begin, too"
        )
    for name, values in (("r", gain), ("v_threshold", threshold), ("v_leak", v_leak)):
        if values is not None and not np.isfinite(values).all():
            raise node.refuse(f"{name}: expected finite numbers")
    taken = semantics.dt if dt is None else dt
    return NodeNeuron(gain, threshold, taken, tau, v_leak, decay, semantics)


def _own_dt(node: Node) -> float:
    values = node.values if "dt" in node.values else node.metadata
    dt = Node(node.where, node.kind, values, {}).real("dt")
    if dt.size != 1 or not 0 < dt.item() < np.inf:
        raise node.refuse(f"dt = {dt}: expected a positive number of seconds")
    return dt.item()


def _leaky_gain(node: Node, r: np.ndarray, tau: np.ndarray, dt: float) -> np.ndarray:
    endless = np.isinf(tau)
    if (endless != np.isinf(r)).any():
        raise node.refuse("tau or r is infinite, and the other is not: their ratio has no meaning")
    # snnTorch writes r = tau / dt, both infinite for a membrane that keeps all.
    finite = np.where(endless, 1.0, tau)
    return np.where(endless, 1.0, np.where(endless, 1.0, r) * dt / finite)


def _by_channel(node: Node, name: str, shape: tuple[int, ...], channels: int) -> np.ndarray:
    values = node.real(name)
    while values.ndim > len(shape) and values.shape[0] == 1:
        values = values[0]
    if values.size == 1:
        return np.full(channels, values.item())
    behind = len(values.shape[1:]) in (len(shape) - 1, 2)
    if behind and values.shape == (channels, *(1 for _ in values.shape[1:])):
        return values.reshape(channels)
    if values.shape != shape:
        raise node.refuse(f"{name} of shape {values.shape}: expected {shape}, its input's")
    rows = values.reshape(channels, -1)
    if (rows != rows[:, :1]).any():
        raise node.refuse(
            f"{name} differs within a channel: expected one value a channel, as the hardware "
            "has; train it so, or take its mean"
        )
    return rows[:, 0].copy()
