"""Design by the command line: options, and the folding, cuts and mesh that they ask for."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from tickless.errors import InputError
from tickless.gen.configure import chain_config, layer_cores, network_joins
from tickless.gen.cut import CoreLimits, cut_to_limits
from tickless.gen.fold import Folding, choices, fold_fully, fold_to_budget
from tickless.gen.performance import measure_activity
from tickless.gen.place import core_packets, place
from tickless.hw.chain import ChainConfig
from tickless.hw.fabric.config import MeshConfig
from tickless.sw.data.catalog import load
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

__all__ = [
    "MEASURED_SAMPLES",
    "add_design_options",
    "add_folding_options",
    "chosen_design",
    "chosen_foldings",
    "measured_samples",
    "needs_samples",
    "parse_cuts",
    "parse_folding",
]

MEASURED_SAMPLES = 10
"""Test recordings on which events, traffic and activity are measured."""


def add_folding_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of folding, of which one may be given, and early exit."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--fold",
        action="append",
        default=[],
        metavar="LAYER=LANESxTAPS[:single-port]",
        help="folding of a layer, and whether its membranes lie in single-port memory, which takes "
        "two clocks an update; the others stay fully parallel",
    )
    how.add_argument(
        "--budget",
        type=int,
        metavar="N",
        help="most neurons updated at once; the folding follows from measured event rates",
    )
    parser.add_argument(
        "--margin",
        type=int,
        metavar="N",
        help="early exit: decide once the largest logit leads by so much, in integer logit units",
    )


def add_design_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of folding and early exit, and those of a mesh."""
    add_folding_options(parser)
    parser.add_argument(
        "--mesh",
        type=_mesh_size,
        metavar="RxC",
        help="put the cores on a mesh of R x C routers; point-to-point links by default",
    )
    parser.add_argument(
        "--cut",
        action="append",
        default=[],
        metavar="LAYER=SLICES",
        help="cut a layer by output channels over several cores of the mesh",
    )
    parser.add_argument(
        "--core-updates",
        type=int,
        metavar="N",
        help="most neurons that one core of the mesh updates at once; larger layers are cut",
    )
    parser.add_argument(
        "--core-kbits",
        type=int,
        metavar="N",
        help="most memory of one core of the mesh, in 1,024 bits; larger layers are cut",
    )
    parser.add_argument(
        "--loadable",
        action="store_true",
        help="cores of the mesh whose weights, thresholds and geometry can be written at run time",
    )
    parser.add_argument(
        "--load",
        type=Path,
        metavar="FILE",
        help="network file to load at run time into the design; implies --loadable",
    )


def needs_samples(options: argparse.Namespace) -> bool:
    """Whether the options ask for something that follows from measured events."""
    return options.budget is not None or options.mesh is not None


def measured_samples(network: Network) -> list[np.ndarray]:
    """Event addresses ``[n, 3]`` of the first `MEASURED_SAMPLES` test recordings of the network's
    data set."""
    recordings = islice(load(network.provenance.dataset, "test"), MEASURED_SAMPLES)
    return [events.addresses for events, _ in recordings]


def chosen_design(
    network: Network, options: argparse.Namespace, samples: Sequence[np.ndarray]
) -> ChainConfig | MeshConfig:
    """Parameters of the design that the options ask for.

    Parameters
    ----------
    samples : sequence of numpy.ndarray
        Event addresses ``[n, 3]`` on which events and traffic are measured, if `needs_samples`.

    Raises
    ------
    ValueError
        If the options ask for something impossible.
    """
    foldings = chosen_foldings(network, options, samples)
    limits = CoreLimits(
        options.core_updates, None if options.core_kbits is None else options.core_kbits * 1024
    )
    loadable = options.loadable or options.load is not None
    if options.mesh is None:
        if options.cut or limits != CoreLimits():
            raise InputError("layers are cut over the cores of a mesh: expected --mesh RxC, too")
        if loadable:
            raise InputError("cores are loaded over a mesh: expected --mesh RxC, too")
        return chain_config(network, foldings, options.margin)
    slices = parse_cuts(network, options.cut)
    foldings, slices = cut_to_limits(network, foldings, slices, limits)
    layers = layer_cores(network, foldings, slices, loadable=loadable, margin=options.margin)
    traces = [engine.run(network, events) for events in samples]
    rows, columns = options.mesh
    return place(rows, columns, layers, network_joins(network), core_packets(layers, traces))


def parse_cuts(network: Network, texts: Sequence[str]) -> tuple[int, ...]:
    """Slices of each layer, 1 but for texts of the form ``layer=SLICES``.

    Raises
    ------
    ValueError
        If a text has another form or names no layer.
    """
    names = [layer.name for layer in network.layers]
    slices = [1] * len(names)
    for text in texts:
        name, _, count = text.partition("=")
        if not count.isdigit():
            raise InputError(f"cut {text!r}: expected LAYER=SLICES, as in {names[0]}=2")
        if name not in names:
            raise InputError(f"cut {text!r}: no layer {name!r}: expected one of {names}")
        slices[names.index(name)] = int(count)
    return tuple(slices)


def _mesh_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected ROWSxCOLUMNS, as in 2x2")
    return int(match[1]), int(match[2])


def chosen_foldings(
    network: Network, options: argparse.Namespace, samples: Sequence[np.ndarray]
) -> tuple[Folding, ...]:
    """Folding that the options ask for; fully parallel by default.

    Parameters
    ----------
    samples : sequence of numpy.ndarray
        Event addresses ``[n, 3]`` on which the event rates behind a budget are measured.

    Raises
    ------
    ValueError
        If the options ask for something impossible.
    """
    if options.budget is None:
        return parse_folding(network, options.fold)
    return fold_to_budget(network, measure_activity(network, samples).events, options.budget)


def parse_folding(network: Network, texts: Sequence[str]) -> tuple[Folding, ...]:
    """Full folding, changed by texts of the form ``layer=LANESxTAPS[:single-port]``.

    Raises
    ------
    ValueError
        If a text has another form, or names no layer or no folding of it.
    """
    foldings = list(fold_fully(network))
    names = [layer.name for layer in network.layers]
    for text in texts:
        match = re.fullmatch(r"(.*)=(\d+)x(\d+)(:single-port)?", text)
        if match is None:
            raise InputError(
                f"folding {text!r}: expected LAYER=LANESxTAPS, as in {names[0]}=8x4, or "
                f"LAYER=LANESxTAPS:single-port"
            )
        name, lanes, taps, single_port = match.groups()
        if name not in names:
            raise InputError(f"folding {text!r}: no layer {name!r}: expected one of {names}")
        index = names.index(name)
        if single_port and network.layers[index].is_readout:
            raise InputError(f"folding {text!r}: a readout has no membranes in memory")
        folding = Folding(int(lanes), int(taps))
        possible = choices(network.layers[index])
        if folding not in possible:
            sizes = ", ".join(f"{p.lanes}x{p.taps}" for p in possible)
            raise InputError(f"folding {text!r}: expected one of {sizes}")
        foldings[index] = replace(folding, single_port=single_port is not None)
    return tuple(foldings)
