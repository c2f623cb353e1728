"""What a graph means, as `sw.nir.meaning` finds it: choices, layers in real numbers, a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tickless.errors import InputError
from tickless.sw.integer.geometry import Shape
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.nir.neurons import NodeNeuron
from tickless.sw.nir.reading import Node, Value
from tickless.sw.nir.semantics import Semantics

__all__ = ["Choices", "Meaning", "RealLayer", "Row", "table"]


@dataclass(frozen=True)
class Choices:
    """What a graph leaves open.

    Parameters
    ----------
    semantics : str, Semantics or mapping, optional
        Framework, see `sw.nir.semantics`, or each neurons' by the node's name; needed where the
        file does not tell how neurons reset.
    dt : float, optional
        Time step in seconds.
    readout : str
        What the classes of a graph that ends in neurons are: the counts of their ``"spikes"``, or
        the ``"sums"`` of what they receive.
    drop_bias, drop_leak : bool
        Whether biases, and leaks, are left out rather than refused.
    bias_steps : int, optional
        Time steps of a sample: in each of them a bias counts once, so that as many times the
        readout's is where the logits begin. Without it that bias is as any other.
    """

    semantics: str | Semantics | Mapping[str, Semantics] | None = None
    dt: float | None = None
    readout: Literal["spikes", "sums"] = "spikes"
    drop_bias: bool = False
    drop_leak: bool = False
    bias_steps: int | None = None

    def __post_init__(self):
        if self.readout not in ("spikes", "sums"):
            raise InputError(f"readout = {self.readout!r}: expected 'spikes' or 'sums'")
        if self.dt is not None and not 0 < self.dt < float("inf"):
            raise InputError(f"dt = {self.dt}: expected a positive number of seconds")
        steps = self.bias_steps
        if steps is not None and (type(steps) is not int or steps < 1):
            raise InputError(f"bias_steps = {steps!r}: expected a number of time steps, 1 or more")


@dataclass(frozen=True)
class Row:
    """What one node became: exactly, or with a difference; and why."""

    node: str
    kind: str
    becomes: str
    exact: bool = True
    why: str = ""


@dataclass(frozen=True, eq=False)
class RealLayer:
    """Layer of threshold 1.

    Members
    -------
    spec : LayerSpec
        Its form.
    weight, shortcut : numpy.ndarray
        In thresholds, for average pooling; ``shortcut`` is None without one.
    node, weight_node, shortcut_node : Node or None
        What its neurons, its weights and its shortcut's were.
    neuron : NodeNeuron or None
        What the node says of its neurons.
    integrator : NodeNeuron or None
        What the node of a readout's integrators says, if it has any.
    bias : numpy.ndarray or None
        What arrives in each time step, in thresholds, ``[channels]``: left out, but of a readout
        with ``bias_steps``.
    bias_steps : int or None
        Time steps whose bias is where the logits of a readout begin.
    biased : tuple of Node
        The nodes whose bias that is.
    """

    spec: LayerSpec
    weight: np.ndarray
    shortcut: np.ndarray | None = None
    node: Node | None = None
    weight_node: Node | None = None
    shortcut_node: Node | None = None
    neuron: NodeNeuron | None = None
    integrator: NodeNeuron | None = None
    bias: np.ndarray | None = None
    bias_steps: int | None = None
    biased: tuple[Node, ...] = ()

    @property
    def initial(self) -> np.ndarray | None:
        """Logits with which a sample begins, ``[channels]``; None where all begin at 0."""
        if self.bias is None or self.bias_steps is None:
            return None
        return self.bias * self.bias_steps


@dataclass(frozen=True, eq=False)
class Meaning:
    """Layers of a graph, the last one its readout, and how they came about.

    Members
    -------
    where : str
        File, for messages.
    sensor : Shape
        Extent of the events.
    layers : tuple of RealLayer
        The layers.
    metadata : mapping of str to numpy.ndarray or str
        The graph's own.
    dt : float or None
        Time step in seconds that gains were taken with; None without neurons.
    rows : tuple of Row
        What each node became.
    """

    where: str
    sensor: Shape
    layers: tuple[RealLayer, ...]
    metadata: Mapping[str, Value]
    dt: float | None
    rows: tuple[Row, ...]


def table(rows: tuple[Row, ...]) -> str:
    """Rows as text, one line each."""
    cells = [("node", "primitive", "becomes", "exactness", "why")]
    cells += [
        (row.node, row.kind, row.becomes, "exact" if row.exact else "approximate", row.why)
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
