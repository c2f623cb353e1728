"""Generator: from a network file to Verilog and its manifest."""

import argparse
import json
from pathlib import Path

from amaranth.back import verilog

from tickless.gen.activity import Activity
from tickless.gen.configure import design_factory
from tickless.gen.image import load_image
from tickless.gen.manifest import manifest
from tickless.gen.options import (
    add_activity_option,
    add_design_options,
    design_request,
    sourced_activity,
)
from tickless.gen.place import core_packets
from tickless.gen.plan import plan
from tickless.hw.config import DesignConfig
from tickless.sw.integer.network import Network

__all__ = ["add_options", "emit", "main"]


def emit(
    network: Network,
    config: DesignConfig,
    output: Path,
    activity: Activity | None = None,
    loaded: Network | None = None,
) -> tuple[Path, ...]:
    """Write ``design.v`` and ``manifest.json`` into a folder; returns the paths.

    Parameters
    ----------
    activity : Activity, optional
        The network's, from which the traffic of a mesh follows.
    loaded : Network, optional
        Network whose image is written beside them, as ``image.bin``: the chunks that load it into
        the design, records of `gen.image.IMAGE_DTYPE`.

    Raises
    ------
    ValueError
        If the network does not suit the design.
    """
    image = None
    if loaded is not None:
        image = load_image(config, loaded)
    output.mkdir(parents=True, exist_ok=True)
    design = design_factory(config, network)()
    text = verilog.convert(design, name="top", emit_src=False)
    traffic = {}
    if activity is not None:
        traffic = config.traffic(core_packets(config.layers, activity))
    description = manifest(network, config, design.links, text, traffic)
    paths = output / "design.v", output / "manifest.json"
    paths[0].write_text(text)
    paths[1].write_text(json.dumps(description, indent=2) + "\n")
    if image is None:
        return paths
    image.tofile(output / "image.bin")
    return *paths, output / "image.bin"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/rtl"), help="folder")
    add_design_options(parser)
    add_activity_option(parser)


def main(options: argparse.Namespace) -> int:
    """Write the design's files and print its cores."""
    network = Network.load(options.network)
    loaded = None if options.load is None else Network.load(options.load)
    request = design_request(options)
    activity = sourced_activity(network, options.activity) if request.needs_activity else None
    config = plan(network, request, activity)
    paths = emit(network, config, options.output, activity, loaded)
    for core in config.cores:
        print(f"{core.name:16} {core.lanes:3} lanes x {core.taps} taps")
    print(*paths, sep="\n")
    return 0
