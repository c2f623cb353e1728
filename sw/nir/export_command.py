"""Write a network as a NIR graph, in real units; what NIR cannot say goes into its metadata."""

import argparse
from pathlib import Path

from tickless.sw.outputs import check_apart, output_file

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("network", type=Path, help="network file")
    parser.add_argument("-o", "--output", type=Path, required=True, help="NIR file to write")


def main(options: argparse.Namespace) -> int:
    """Network in, NIR file out."""
    from tickless.sw.integer.network import Network
    from tickless.sw.nir.export import export

    check_apart(options.output, options.network)
    network = Network.load(options.network)
    output_file(options.output, options.network)
    export(network, options.output)
    print(f"wrote {options.output}")
    return 0
