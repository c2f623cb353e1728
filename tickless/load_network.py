"""Load a network into a board built with --loadable, or --engine sdram, over its serial port.

The network must be of the shape of the one that the bitstream was built for; an engine takes any of
its input and its number of classes. Every part of it is
acknowledged and the whole is checked: a board on which that fails, or that hears only a part, has
no network and says so.
"""

import argparse
from pathlib import Path

from tickless.host.port import DEFAULT_BAUD
from tickless.progress import stage

__all__ = ["add_options", "main"]

DESIGN = Path("build/bitstream/latest/design.json")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("--port", required=True, help="the board's serial port, as /dev/ttyUSB0")
    parser.add_argument(
        "--baud", type=int, default=DEFAULT_BAUD, metavar="N", help="bits a second on the line"
    )
    parser.add_argument(
        "--design",
        type=Path,
        default=DESIGN,
        metavar="FILE",
        help=f"design.json beside the board's bitstream; {DESIGN} by default",
    )


def main(options: argparse.Namespace) -> int:
    """Returns 0 when the network is there."""
    with stage("making the image"):
        from tickless.gen.design_file import design_number, read_design
        from tickless.gen.image import load_image
        from tickless.gen.passes.board import pass_chunks
        from tickless.host.client import Client
        from tickless.host.line import Losses
        from tickless.host.port import open_port
        from tickless.hw.host.messages import network_number
        from tickless.hw.passes.config import PassConfig
        from tickless.sw.integer.network import Network

        network = Network.load(options.network)
        design = read_design(options.design)
        made = pass_chunks if isinstance(design, PassConfig) else load_image
        image = made(design, network)  # pyright: ignore[reportArgumentType]
    with open_port(options.port, options.baud) as port:
        client = Client(port, options.port)
        client.load(image, design_number(design), network_number(network.hash))
        if client.losses != Losses():
            print(client.losses)
    print(f"{len(image):,} chunks written: the board's network is {network.hash[:16]}")
    return 0
