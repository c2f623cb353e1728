"""Folding by the command line: options, and the folding that they ask for."""

import argparse
from collections.abc import Sequence

import numpy as np

from gen.fold import Folding, choices, fold_fully, fold_to_budget
from sw import engine
from sw.network import Network

__all__ = ["add_folding_options", "chosen_foldings", "measure_events", "parse_folding"]


def add_folding_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--fold`` and ``--budget``, of which one may be given."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--fold",
        action="append",
        default=[],
        metavar="LAYER=LANESxTAPS",
        help="folding of a layer; the others stay fully parallel",
    )
    how.add_argument(
        "--budget",
        type=int,
        metavar="N",
        help="most neurons updated at once; the folding follows from measured event rates",
    )


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
    return fold_to_budget(network, measure_events(network, samples), options.budget)


def measure_events(network: Network, samples: Sequence[np.ndarray]) -> list[float]:
    """Mean number of events that each layer receives per sample, the readout last."""
    counts = []
    for events in samples:
        trace = engine.run(network, events)
        counts.append([*(layer.events for layer in trace.layers), trace.readout_events])
    return np.mean(counts, axis=0).tolist()


def parse_folding(network: Network, texts: Sequence[str]) -> tuple[Folding, ...]:
    """Full folding, changed by texts of the form ``layer=LANESxTAPS``.

    Raises
    ------
    ValueError
        If a text has another form, or names no layer or no folding of it.
    """
    foldings = list(fold_fully(network))
    names = [layer.name for layer in network.layers]
    for text in texts:
        name, _, size = text.partition("=")
        lanes, _, taps = size.partition("x")
        if not (lanes.isdigit() and taps.isdigit()):
            raise ValueError(f"folding {text!r}: expected LAYER=LANESxTAPS, as in {names[0]}=8x4")
        if name not in names:
            raise ValueError(f"folding {text!r}: no layer {name!r}: expected one of {names}")
        index = names.index(name)
        folding = Folding(int(lanes), int(taps))
        possible = choices(network.layers[index].geometry)
        if folding not in possible:
            sizes = ", ".join(f"{p.lanes}x{p.taps}" for p in possible)
            raise ValueError(f"folding {text!r}: expected one of {sizes}")
        foldings[index] = folding
    return tuple(foldings)
