"""Write Verilog and manifest of a network."""

import argparse
from pathlib import Path

from tickless.gen.options import (
    add_activity_option,
    add_design_options,
    add_load_option,
    design_activity,
    design_name,
    design_request,
)
from tickless.progress import stage
from tickless.run_folder import run_folder, run_name

__all__ = ["add_options", "main"]

RUNS = Path("build/rtl")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("network", type=Path, help="network file (.safetensors)")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help=f"folder, replaced by the new one; {RUNS}/NETWORK-OPTIONS by default, to which "
        f"{RUNS}/latest leads then",
    )
    parser.add_argument(
        "--prefix",
        metavar="NAME",
        help="name of the top, with which the names of all modules begin; tickless_NETWORK by "
        "default",
    )
    parser.add_argument(
        "--wrap",
        choices=["axi"],
        help="put the design behind AXI4-Stream and AXI4-Lite; its own streams by default",
    )
    add_design_options(parser)
    add_load_option(parser)
    add_activity_option(parser)


def main(options: argparse.Namespace) -> int:
    """Write the design's files and print its cores."""
    request = design_request(options)
    from tickless.gen.names import check_prefix, default_prefix

    prefix = options.prefix or default_prefix(options.network)
    check_prefix(prefix)
    name = run_name(options.network.stem, *design_name(options))
    with run_folder(RUNS, name, options.output) as folder:
        with stage("loading the generator"):
            from tickless.gen.emit import emit
            from tickless.gen.plan import plan
            from tickless.sw.integer.network import Network
        network = Network.load(options.network)
        loaded = None if options.load is None else Network.load(options.load)
        activity = design_activity(network, request, options.activity)
        config = plan(network, request, activity)
        written = emit(network, config, folder, activity, loaded, prefix, options.wrap == "axi")
    for core in config.cores:
        print(f"{core.name:16} {core.lanes:3} lanes x {core.taps} taps")
    output = options.output or RUNS / name
    print(*(output / path.name for path in written), sep="\n")
    return 0
