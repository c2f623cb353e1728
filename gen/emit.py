"""Generator: from a network file to Verilog and its manifest."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from amaranth.back import verilog

from tickless.gen.configure import design_factory
from tickless.gen.image import load_image
from tickless.gen.manifest import manifest
from tickless.gen.options import add_design_options, chosen_design, measured_samples, needs_samples
from tickless.gen.place import core_packets
from tickless.gen.routes import link_traffic
from tickless.hw.chain import ChainConfig
from tickless.hw.fabric.config import MeshConfig
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

__all__ = ["add_options", "emit", "main"]


def emit(
    network: Network,
    config: ChainConfig | MeshConfig,
    output: Path,
    samples: Sequence[np.ndarray] = (),
    loaded: Network | None = None,
) -> tuple[Path, ...]:
    """Write ``design.v`` and ``manifest.json`` into a folder; returns the paths.

    Parameters
    ----------
    samples : sequence of numpy.ndarray
        Event addresses ``[n, 3]`` on which the traffic of a mesh is measured.
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
    design = design_factory(config)()
    text = verilog.convert(design, name="top", emit_src=False)
    loads = {}
    if isinstance(config, MeshConfig) and len(samples):
        traces = [engine.run(network, events) for events in samples]
        loads = link_traffic(config, core_packets(config.layers, traces))
    description = manifest(network, config, design.links, text, loads)
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


def main(options: argparse.Namespace) -> int:
    """Write the design's files and print its cores."""
    network = Network.load(options.network)
    loaded = None if options.load is None else Network.load(options.load)
    samples = measured_samples(network) if needs_samples(options) else []
    config = chosen_design(network, options, samples)
    paths = emit(network, config, options.output, samples, loaded)
    for core in config.cores:
        print(f"{core.name:16} {core.lanes:3} lanes x {core.taps} taps")
    print(*paths, sep="\n")
    return 0
