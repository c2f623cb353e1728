"""Generator: from a network file to Verilog and its manifest."""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from amaranth.back import verilog

from gen.configure import design_config
from gen.fold import steps_per_event
from gen.manifest import manifest
from gen.options import add_folding_options, chosen_foldings
from hw.config import DesignConfig
from hw.design import Design
from sw.data.catalog import load
from sw.network import Network, NetworkError

__all__ = ["emit", "main"]

MEASURED_SAMPLES = 10


def emit(network: Network, config: DesignConfig, output: Path) -> tuple[Path, Path]:
    """Write ``design.v`` and ``manifest.json`` into a folder; returns both paths."""
    output.mkdir(parents=True, exist_ok=True)
    text = verilog.convert(Design(config), name="top", emit_src=False)
    paths = output / "design.v", output / "manifest.json"
    paths[0].write_text(text)
    paths[1].write_text(json.dumps(manifest(network, config, text), indent=2) + "\n")
    return paths


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(prog="python -m gen.emit", description=__doc__)
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/rtl"), help="folder")
    add_folding_options(parser)
    options = parser.parse_args(arguments)
    try:
        network = Network.load(options.network)
        recordings = []
        if options.budget is not None:
            recordings = islice(load(network.provenance.dataset, "test"), MEASURED_SAMPLES)
        addresses = [events.addresses for events, _ in recordings]
        foldings = chosen_foldings(network, options, addresses)
        paths = emit(network, design_config(network, foldings), options.output)
    except (NetworkError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for layer, folding in zip(network.layers, foldings, strict=True):
        clocks = steps_per_event(layer.geometry, folding)
        print(
            f"{layer.name:12} {folding.lanes:3} lanes x {folding.taps} taps, {clocks} clocks/event"
        )
    print(*paths, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
