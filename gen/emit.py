"""Generator: from a network file to Verilog and its manifest."""

import argparse
import json
import sys
from collections.abc import Sequence
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
from tickless.sw.integer.network import Network, NetworkError

__all__ = ["emit", "main"]


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(prog="python -m gen.emit", description=__doc__)
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/rtl"), help="folder")
    add_design_options(parser)
    add_activity_option(parser)
    options = parser.parse_args(arguments)
    try:
        network = Network.load(options.network)
        loaded = None if options.load is None else Network.load(options.load)
        request = design_request(options)
        activity = None
        if request.needs_activity:
            activity = sourced_activity(network, options.activity)
        config = plan(network, request, activity)
        paths = emit(network, config, options.output, activity, loaded)
    except (NetworkError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for core in config.cores:
        print(f"{core.name:16} {core.lanes:3} lanes x {core.taps} taps")
    print(*paths, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
