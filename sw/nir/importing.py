"""Networks from NIR: a checkpoint of real weights, the integer network, and how they came about."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from tickless.sw.checkpoint import Checkpoint
from tickless.sw.integer.geometry import Shape
from tickless.sw.integer.network import Network, Provenance
from tickless.sw.nir.graph import flatten
from tickless.sw.nir.meaning import Choices, Meaning, Row, interpret
from tickless.sw.nir.reading import Graph, GraphError, read_graph, read_object
from tickless.sw.quantization.quantize import quantize
from tickless.sw.training.models import SpikingNetwork
from tickless.sw.training.neurons import IntegrateAndFire
from tickless.sw.training.record import record

__all__ = ["FLOOR", "Imported", "from_nir", "import_graph"]

FLOOR = -8.0
"""Floor in thresholds where nothing tells: a low one costs membrane bits alone, a high one
accuracy and spikes."""

STEPS = 10
"""Time steps at which an imported network is measured."""


@dataclass(frozen=True, eq=False)
class Imported:
    """What a graph became.

    Members
    -------
    checkpoint : Checkpoint
        The real network.
    network : Network
        The integer network.
    rows : tuple of Row
        What each node became.
    """

    checkpoint: Checkpoint
    network: Network
    rows: tuple[Row, ...]


def from_nir(
    graph: Any,
    *,
    bits: int = 8,
    floor: float = FLOOR,
    semantics: str | None = None,
    dt: float | None = None,
    readout: Literal["spikes", "sums"] = "spikes",
    drop_bias: bool = False,
    drop_leak: bool = False,
    sensor: Shape | None = None,
) -> Imported:
    """Networks of a NIR graph.

    Parameters
    ----------
    graph : nir.NIRGraph, Path or str
        The graph, or its file.
    bits : int
        Width of a weight, 2 to 8.
    floor : float
        Lowest membrane in thresholds, below 0.
    semantics, dt, readout, drop_bias, drop_leak
        See `sw.nir.meaning.Choices`.
    sensor : Shape, optional
        Extent of the events, where the graph does not say it.

    Raises
    ------
    InputError
        If a choice is wrong, or a node has no meaning here; the message names it.
    """
    read = read_graph(graph) if isinstance(graph, (str, Path)) else read_object(graph)
    choices = Choices(semantics, dt, readout, drop_bias, drop_leak)
    return import_graph(read, choices, bits, floor, sensor)


def import_graph(
    graph: Graph,
    choices: Choices,
    bits: int = 8,
    floor: float = FLOOR,
    sensor: Shape | None = None,
) -> Imported:
    """Networks of a graph that was read; parameters and errors as of `from_nir`."""
    meaning = interpret(flatten(graph), choices, sensor)
    try:
        model = _model(meaning, floor)
        network = quantize(model, bits, provenance=Provenance(method="nir"))
    except ValueError as error:
        raise GraphError(f"{meaning.where}: {error}") from None
    checkpoint = Checkpoint(
        model, "", "nir", 0, STEPS, record={**record(torch.device("cpu")), "nir": _origin(meaning)}
    )
    return Imported(checkpoint, network, meaning.rows)


def _model(meaning: Meaning, floor: float) -> SpikingNetwork:
    specs = [layer.spec for layer in meaning.layers]
    model = SpikingNetwork(meaning.sensor, specs, IntegrateAndFire(floor), normalize=False)
    with torch.no_grad():
        for index, layer in enumerate(meaning.layers):
            model.weights[index].copy_(torch.from_numpy(layer.weight))
            if layer.shortcut is not None:
                model.direct[str(index)].copy_(torch.from_numpy(layer.shortcut))
    return model.eval()


def _origin(meaning: Meaning) -> dict[str, Any]:
    """What the graph said and the network does not know, by layer where there is one."""
    neurons = [layer.neuron for layer in meaning.layers]
    return {
        "source": Path(meaning.where).name,
        "semantics": asdict(meaning.semantics),
        "dt": meaning.dt,
        "tau": [_list(None if neuron is None else neuron.tau) for neuron in neurons],
        "v_leak": [_list(None if neuron is None else neuron.v_leak) for neuron in neurons],
        "bias": [_list(layer.bias) for layer in meaning.layers],
    }


def _list(values: np.ndarray | None) -> Sequence[float] | None:
    return None if values is None else values.tolist()
