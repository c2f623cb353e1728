"""Options of commands that judge a network on test samples."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickless.errors import InputError
from tickless.sw.data.catalog import (
    UNLABELLED,
    Recordings,
    at_random,
    check_suits,
    dataset_name,
    load,
)
from tickless.sw.data.options import add_fitting_options, fitted_dataset, given_options
from tickless.sw.integer.network import Network
from tickless.sw.option_types import at_least, at_least_one
from tickless.sw.outputs import output_file
from tickless.sw.workers import add_workers

if TYPE_CHECKING:
    from tickless.sw.training.models import SpikingNetwork

__all__ = [
    "PARCEL",
    "STANDARD_OUTPUT",
    "add_judging",
    "float_network",
    "judging_samples",
    "write_figures",
]

PARCEL = 50
"""Samples that a worker judges at once: always as many, since they share batches."""

STANDARD_OUTPUT = Path("-")
"""Stands for it in ``--json``."""


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Add the network, its samples, where to judge it, and a file of the figures."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("--dataset", type=dataset_name, help="that of the network if not given")
    parser.add_argument(
        "--samples",
        type=at_least_one,
        metavar="N",
        help="test samples, chosen at random; all if not given",
    )
    parser.add_argument("--seed", type=_seed, metavar="N", default=1, help="chooses them (1)")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write all figures to this file; - for standard output, with nothing else",
    )
    add_fitting_options(parser)
    add_workers(parser)


def judging_samples(options: argparse.Namespace, network: Network) -> tuple[str, Recordings]:
    """Name of a data set, and its samples, that `add_judging` asks for.

    Raises
    ------
    InputError
        If there are fewer, or they have no labels.
    EventsError
        If there are none.
    """
    if options.json is not None and options.json != STANDARD_OUTPUT:
        output_file(options.json, options.network)
    dataset = options.dataset or network.provenance.dataset
    if not dataset:
        raise InputError(f"{options.network}: the network names no data set: give --dataset")
    dataset = fitted_dataset(dataset, given_options(options))
    check_suits(dataset, network.input_shape, network.classes)
    if options.samples is None:
        samples = load(dataset, "test")
    else:
        [samples] = at_random(dataset, options.samples, options.seed)
    if UNLABELLED in samples.labels:
        raise InputError(f"{dataset}: its recordings here have no labels to judge by")
    return dataset, samples


def float_network(network: Path) -> "SpikingNetwork | None":
    """Float network of the checkpoint beside a network's file; None, and a line, without one."""
    from tickless.sw.checkpoint import Checkpoint

    beside = Checkpoint.beside(network)
    if not beside.exists():
        print(f"no {beside.name} beside: the integer network alone", file=sys.stderr)
        return None
    return Checkpoint.load(beside).model


def write_figures(
    options: argparse.Namespace,
    network: Network,
    dataset: str,
    samples: Recordings,
    figures: dict[str, Any],
) -> bool:
    """Write figures, and what they are of, where ``--json`` says; whether that is anywhere.

    Numbers that are not finite become null.
    """
    if options.json is None:
        return False
    content = {
        "network": str(options.network),
        "hash": network.hash,
        "dataset": dataset,
        "samples": len(samples),
        "seed": None if options.samples is None else options.seed,
        **figures,
    }
    text = json.dumps(_finite(content), indent=2) + "\n"
    if options.json == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        options.json.write_text(text)
    return True


def _seed(text: str) -> int:
    return at_least(0, text)


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case float() if not math.isfinite(value):
            return None
    return value
