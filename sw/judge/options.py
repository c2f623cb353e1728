"""Options of commands that judge a network on test samples."""

import argparse
from pathlib import Path

from tickless.sw.data.catalog import DATASETS, Recordings, load
from tickless.sw.integer.network import Network

__all__ = ["add_network", "at_least_one", "judging_samples"]


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the network and its samples."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("--dataset", choices=DATASETS, help="that of the network if not given")
    parser.add_argument(
        "--samples", type=at_least_one, metavar="N", help="first test samples; all if not given"
    )


def judging_samples(options: argparse.Namespace, network: Network) -> tuple[str, Recordings]:
    """Name of a data set, and its samples, that `add_network` ask for.

    Raises
    ------
    EventsError
        If there are none.
    """
    dataset = options.dataset or network.provenance.dataset
    return dataset, load(dataset, "test")[: options.samples]


def at_least_one(text: str) -> int:
    """Whole number of an option, 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: expected at least 1")
    return number
