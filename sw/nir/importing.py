"""Networks from NIR: a checkpoint of real weights, the integer network, and how they came about."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from tickless.errors import TicklessWarning
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.geometry import Shape
from tickless.sw.integer.network import Network, Provenance
from tickless.sw.nir.float_network import float_network, origin_of
from tickless.sw.nir.floors import FLOOR, FloorTrial, best_floor, try_floors
from tickless.sw.nir.graph import flatten
from tickless.sw.nir.layers import Choices, Meaning, RealLayer, Row
from tickless.sw.nir.meaning import interpret
from tickless.sw.nir.modules import chain_of
from tickless.sw.nir.neurons import MARK
from tickless.sw.nir.reading import GraphError, read_graph, read_object
from tickless.sw.nir.stored import stored_network
from tickless.sw.quantization.diagnosis import QuantizationWarning
from tickless.sw.quantization.quantize import quantize, rounding
from tickless.sw.quantization.rule import Clip, Quantization
from tickless.sw.training.record import record

__all__ = ["ChangedExportWarning", "Imported", "from_nir", "from_torch", "networks_of"]

METHOD = "nir"
"""Training method of an imported network, for its provenance."""

STEPS = 10
"""Time steps at which an imported network is measured."""


class ChangedExportWarning(TicklessWarning):
    """Export of ours that was changed since: what it says beside its weights no longer holds."""


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
    trials : tuple of FloorTrial
        Floors that were tried, if any.
    notes : tuple of str
        What the graph does not say and was taken.
    """

    checkpoint: Checkpoint
    network: Network
    rows: tuple[Row, ...]
    trials: tuple[FloorTrial, ...]
    notes: tuple[str, ...]


def from_nir(
    graph: Any,
    *,
    bits: int = 8,
    resolution: int = 128,
    clip: Clip = None,
    floor: float | None = None,
    semantics: str | None = None,
    dt: float | None = None,
    readout: Literal["spikes", "sums"] = "spikes",
    drop_bias: bool = False,
    drop_leak: bool = False,
    bias_steps: int | None = None,
    sensor: Shape | None = None,
    recordings: Recordings | None = None,
) -> Imported:
    """Networks of a NIR graph.

    Parameters
    ----------
    graph : nir.NIRGraph, Path or str
        The graph, or its file.
    bits : int
        Width of a weight, 2 to 8.
    resolution : int
        Most weight units in a threshold.
    clip : float or str, optional
        As in `sw.quantization.rule.Quantization`.
    floor : float, optional
        Lowest membrane in thresholds, below 0; without it the best of some on the recordings, or
        `sw.nir.floors.FLOOR`.
    semantics, dt, readout, drop_bias, drop_leak, bias_steps
        See `sw.nir.layers.Choices`.
    sensor : Shape, optional
        Extent of the events, where the graph does not say it.
    recordings : Recordings, optional
        Samples on which floors are tried.

    Raises
    ------
    InputError
        If a choice is wrong, or a node has no meaning here; the message names it.
    """
    read = read_graph(graph) if isinstance(graph, (str, Path)) else read_object(graph)
    choices = Choices(semantics, dt, readout, drop_bias, drop_leak, bias_steps)
    meaning = interpret(flatten(read), choices, sensor)
    return networks_of(meaning, Quantization(bits, resolution, clip), floor, recordings)


def from_torch(
    module: Iterable[Any],
    sensor: Shape,
    *,
    bits: int = 8,
    resolution: int = 128,
    clip: Clip = None,
    floor: float | None = None,
    readout: Literal["spikes", "sums"] = "spikes",
    drop_bias: bool = False,
    drop_leak: bool = False,
    bias_steps: int | None = None,
    recordings: Recordings | None = None,
) -> Imported:
    """Networks of a chain of PyTorch modules.

    Parameters
    ----------
    module : nn.Sequential or list
        Conv2d, Conv1d, Linear, AvgPool2d, Flatten, batch norms behind weights, and neurons: ours,
        of `sw.training.neurons`, or those of sinabs (IAF, LIF), snnTorch (Leaky), spikingjelly
        (IFNode, LIFNode) or Norse (IAFCell, LIFBoxCell), which may differ between layers.
    sensor : Shape
        Extent of the events.
    bits, resolution, clip, floor, readout, drop_bias, drop_leak, bias_steps, recordings
        As of `from_nir`; without ``floor``, neurons that have one keep it.

    Raises
    ------
    InputError
        If a choice is wrong, or a module no layer's; the message names it.
    """
    chain = chain_of(module, sensor, drop_bias)
    choices = Choices(chain.semantics, None, readout, drop_bias, drop_leak, bias_steps)
    meaning = interpret(flatten(chain.graph), choices, sensor)
    return networks_of(meaning, Quantization(bits, resolution, clip), floor, recordings)


def networks_of(
    meaning: Meaning,
    quantization: Quantization,
    floor: float | None = None,
    recordings: Recordings | None = None,
) -> Imported:
    """Networks of a graph of which it is known what it means; parameters and errors as of
    `from_nir`."""
    notes = []
    try:
        # Whoever asks for another floor wants other integers.
        network = stored_network(meaning, meaning.metadata) if floor is None else None
        trials: tuple[FloorTrial, ...] = ()
        if network is not None:
            notes.append("integers, floors and widths as they were exported")
        elif MARK in meaning.metadata and floor is None:
            warnings.warn(
                f"{meaning.where}: weights, or what the export wrote beside them, were changed "
                "since: they are rounded anew, and ceilings and widths are not those of the export",
                ChangedExportWarning,
                stacklevel=2,
            )
        floors = _floors(meaning, floor)
        if network is None and None in floors:
            chosen = FLOOR
            if recordings is not None:
                with warnings.catch_warnings():
                    # Told once, of the floor that is chosen.
                    warnings.simplefilter("ignore", QuantizationWarning)
                    trials = try_floors(
                        lambda low: _quantized(meaning, _filled(floors, low), quantization),
                        recordings,
                    )
                chosen = best_floor(trials)
                notes.append(f"floor of {chosen:g} thresholds: the best of those tried")
            else:
                notes.append(
                    f"the graph has no floor: {FLOOR:g} thresholds were taken; --dataset "
                    "(in Python, recordings=) finds the best, --floor sets it"
                )
            floors = _filled(floors, chosen)
        lows = _filled(floors, FLOOR)
        if network is None:
            network = _quantized(meaning, lows, quantization)
    except GraphError:
        raise
    except ValueError as error:
        raise GraphError(f"{meaning.where}: {error}") from None
    if meaning.dt is not None:
        notes.append(f"gains taken with dt = {meaning.dt:g} s")
    model = float_network(meaning, lows, leaks=True)
    if text := rounding(model, network):
        notes.append(text)
    if model.leaks:
        notes.append(
            "in time steps the checkpoint's neurons leak as the graph says, event by event none "
            "does: tickless train --from trains it for that"
        )
    checkpoint = Checkpoint(
        model,
        network.provenance.dataset,
        METHOD,
        0,
        STEPS,
        record={**record(torch.device("cpu")), "nir": origin_of(meaning, lows)},
    )
    return Imported(checkpoint, network, meaning.rows, trials, tuple(notes))


def _floors(meaning: Meaning, floor: float | None) -> tuple[float | None, ...]:
    """Floors of the spiking layers in thresholds: the one that is asked for, or each layer's own,
    if it has one."""
    own = (layer.neuron for layer in meaning.layers if layer.neuron is not None)
    return tuple(neuron.semantics.floor if floor is None else floor for neuron in own)


def _filled(floors: Sequence[float | None], floor: float) -> tuple[float, ...]:
    return tuple(floor if low is None else low for low in floors)


def _quantized(meaning: Meaning, floors: Sequence[float], how: Quantization) -> Network:
    origin = Provenance(method=METHOD)
    model = float_network(meaning, floors)
    origins = [_node_name(meaning, layer) for layer in meaning.layers]
    return quantize(model, how.weight_bits, how.resolution, origin, how.clip, origins)


def _node_name(meaning: Meaning, layer: RealLayer) -> str:
    """Node of a layer's neurons, or of a readout's weights; the output itself has none."""
    node = layer.node or layer.weight_node
    return "the output" if node is None else node.where.removeprefix(f"{meaning.where}: ")
