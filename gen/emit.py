"""Generator: from a network file to Verilog and its manifest."""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from amaranth.back import verilog

from gen.configure import design_factory
from gen.manifest import manifest
from gen.options import add_design_options, chosen_design, needs_samples
from gen.place import core_packets
from gen.routes import link_loads
from hw.design import DesignConfig
from hw.fabric.config import MeshConfig
from sw import engine
from sw.data.catalog import load
from sw.network import Network, NetworkError

__all__ = ["emit", "main"]

MEASURED_SAMPLES = 10


def emit(
    network: Network,
    config: DesignConfig | MeshConfig,
    output: Path,
    samples: Sequence[np.ndarray] = (),
) -> tuple[Path, Path]:
    """Write ``design.v`` and ``manifest.json`` into a folder; returns both paths.

    Parameters
    ----------
    samples : sequence of numpy.ndarray
        Event addresses ``[n, 3]`` on which the traffic of a mesh is measured.
    """
    output.mkdir(parents=True, exist_ok=True)
    design = design_factory(config)()
    text = verilog.convert(design, name="top", emit_src=False)
    loads = {}
    if isinstance(config, MeshConfig) and len(samples):
        traces = [engine.run(network, events) for events in samples]
        loads = link_loads(config, core_packets(config.layers, traces))
    description = manifest(network, config, design.links, text, loads)
    paths = output / "design.v", output / "manifest.json"
    paths[0].write_text(text)
    paths[1].write_text(json.dumps(description, indent=2) + "\n")
    return paths


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(prog="python -m gen.emit", description=__doc__)
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/rtl"), help="folder")
    add_design_options(parser)
    options = parser.parse_args(arguments)
    try:
        network = Network.load(options.network)
        recordings = []
        if needs_samples(options):
            recordings = islice(load(network.provenance.dataset, "test"), MEASURED_SAMPLES)
        addresses = [events.addresses for events, _ in recordings]
        config = chosen_design(network, options, addresses)
        paths = emit(network, config, options.output, addresses)
    except (NetworkError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for core in config.cores:
        print(f"{core.name:16} {core.lanes:3} lanes x {core.taps} taps")
    print(*paths, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
