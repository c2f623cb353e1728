"""Generator: from a network to Verilog and its manifest."""

import json
from pathlib import Path

from tickless.gen.activity import Activity
from tickless.gen.axi import axi_core, axi_description, write_block_design
from tickless.gen.configure import design_factory
from tickless.gen.fusesoc import write_core
from tickless.gen.image import load_image
from tickless.gen.manifest import manifest
from tickless.gen.names import TOP, check_prefix, plain_names
from tickless.gen.place import core_packets
from tickless.gen.verilog import verilog
from tickless.hw.axi.core import AxiCore
from tickless.hw.config import DesignConfig
from tickless.sw.integer.network import Network

__all__ = ["emit"]


def emit(
    network: Network,
    config: DesignConfig,
    output: Path,
    activity: Activity | None = None,
    loaded: Network | None = None,
    prefix: str = "tickless",
    axi: bool = False,
) -> tuple[Path, ...]:
    """Write ``design.v``, ``manifest.json`` and a FuseSoC core into a folder; returns the paths.

    Parameters
    ----------
    activity : Activity, optional
        The network's, from which the traffic of a mesh follows.
    loaded : Network, optional
        Network whose image is written beside them, as ``image.bin``: the chunks that load it into
        the design, records of `gen.image.IMAGE_DTYPE`.
    prefix : str
        Name of the top, with which the name of every other module begins: see `gen.names`.
    axi : bool
        Whether the design is behind AXI4-Stream and AXI4-Lite: see `hw.axi.core`.

    Raises
    ------
    InputError
        If the network that is loaded does not suit the design, or the prefix is none.
    """
    check_prefix(prefix)
    image = None
    if loaded is not None:
        image = load_image(config, loaded)
    output.mkdir(parents=True, exist_ok=True)
    design = design_factory(config, network)()
    top = axi_core(design, network) if axi else design
    text = plain_names(verilog(top, TOP), prefix)
    traffic = {}
    if activity is not None:
        traffic = config.traffic(core_packets(config.layers, activity))
    description = manifest(network, config, design.links, text, traffic, prefix)
    others: list[Path] = []
    if isinstance(top, AxiCore):
        description["axi"] = axi_description(top)
        others.append(write_block_design(top, prefix, output))
    paths = output / "design.v", output / "manifest.json"
    paths[0].write_text(text)
    paths[1].write_text(json.dumps(description, indent=2) + "\n")
    margin = config.cores[-1].margin
    others += write_core(top, network, margin, prefix, output)
    if image is not None:
        others.append(output / "image.bin")
        image.tofile(others[-1])
    return *paths, *others
