"""Stream recordings through the generated RTL and compare with the golden model."""

import argparse
import re
import sys
from pathlib import Path

from tickless.errors import InputError
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.options import add_design_options, add_load_option, design_name
from tickless.progress import stage
from tickless.run_folder import LATEST, run_folder, run_name
from tickless.sim.samples import SHARD_SAMPLES
from tickless.sw.data.catalog import EXPECTED, dataset_name
from tickless.sw.data.options import add_files, fitted_dataset, given_options
from tickless.sw.option_types import at_least_one
from tickless.sw.worker_processes import start_ahead
from tickless.sw.workers import add_workers

__all__ = ["add_options", "main"]

DEFAULT = "saccades"
"""Data set of a run that names none."""

RUNS = Path("build/sim")
"""Folder of all runs, from the working directory."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        metavar="NAME",
        help=f"{EXPECTED}; {DEFAULT} if there are no files, either",
    )
    parser.add_argument("--samples", type=int, metavar="N", help="recordings; 20 by default")
    parser.add_argument(
        "--split",
        choices=("test", "train", "all"),
        default="test",
        help="where they are from; all takes the test set before the training set",
    )
    parser.add_argument("--seed", type=int, default=1, help="chooses the recordings and the stalls")
    parser.add_argument("--network", type=Path, help="network file; the pre-trained one by default")
    parser.add_argument(
        "--engine",
        choices=("sdram",),
        help="sdram: one engine runs layer after layer from an SDRAM, for networks of any size, in "
        "place of a core a layer",
    )
    parser.add_argument(
        "--batch",
        type=at_least_one,
        metavar="N",
        help="recordings that the sdram engine runs in a row in each pass: more of them a second, "
        "their answers later (1)",
    )
    parser.add_argument(
        "--beside",
        choices=BOARDS,
        metavar="BOARD",
        help="with the sdram engine, state what a core a layer on this board would take, too",
    )
    parser.add_argument("--stalls", action="store_true", help="stall every link at random")
    waves = parser.add_argument_group(
        "waveforms",
        "of one sample, which runs alone; waves.gtkw opens them in GTKWave or Surfer. They are FST "
        "where g++ finds the headers of lz4 and zlib (Debian, Ubuntu: apt install liblz4-dev "
        "zlib1g-dev), else VCD, which is large.",
    )
    waves.add_argument(
        "--waves",
        type=int,
        nargs="?",
        const=0,
        metavar="SAMPLE",
        help="write those of a sample (0)",
    )
    waves.add_argument(
        "--waves-layer",
        action="append",
        default=[],
        metavar="LAYER",
        help="only the cores of a layer and their links",
    )
    waves.add_argument(
        "--waves-around",
        metavar="SOURCE:NUMBER",
        help="only the clocks around an event of the input, input:120, or around a spike of a "
        "layer, conv2d2:7",
    )
    waves.add_argument(
        "--waves-cycles", type=int, default=100, metavar="N", help="so many before and behind (100)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help=f"for the run's files; by default one in {RUNS} that is named after the run, to which "
        f"{RUNS / LATEST} links",
    )
    add_files(parser)
    add_workers(parser)
    add_design_options(parser)
    add_load_option(parser)


def main(options: argparse.Namespace) -> int:
    """Returns 0 if the RTL equals the golden model, 1 if not."""
    if options.seed < 0:
        raise InputError(f"seed = {options.seed}: expected at least 0")
    _check(options)
    name = _name(options)
    with run_folder(RUNS, name, options.output) as folder:
        text, difference = _run(options, folder)
    print(text)
    output = options.output or RUNS / name
    print()
    print(*sorted(path for path in output.iterdir() if path.name[0] != "."), sep="\n")
    if difference is not None:
        print(f"\nThe RTL differs from the golden model: {difference}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace, folder: Path) -> tuple[str, str | None]:
    """Text of the result, and the first difference."""
    if options.engine == "sdram":
        with stage("loading"):
            from tickless.sim.passes.run_samples import run_samples as run_passes
        passed, text = run_passes(options, folder)
        if passed.agrees:
            return text, None
        return text, "; ".join(passed.errors) or f"agreement {dict(passed.agreement)}"
    for name in ("batch", "beside"):
        if (value := getattr(options, name)) is not None:
            raise InputError(f"{name} = {value}: expected none without --engine sdram")
    _start_workers_ahead(options)
    with stage("loading"):
        from tickless.sim.run_samples import run_samples
        from tickless.sim.table import table
    result, difference = run_samples(options, folder)
    return table(result), difference


def _start_workers_ahead(options: argparse.Namespace) -> None:
    """If this machine will have some: they import what they need while this process plans."""
    samples = len(options.files) or options.samples or 0
    if options.cluster is None and options.jobs > 1 and samples > SHARD_SAMPLES:
        start_ahead(["tickless.sim.shard", "tickless.sim.float_network"])


def _check(options: argparse.Namespace) -> None:
    """That files and data set go together; the data set is `DEFAULT` where neither is given."""
    if not options.files:
        options.dataset = fitted_dataset(options.dataset or DEFAULT, given_options(options))
        return
    for name, given in (("dataset", options.dataset), ("samples", options.samples)):
        if given is not None:
            raise InputError(f"{name} = {given}: expected none beside files of recordings")
    if options.network is None:
        raise InputError("network: expected --network, since files of recordings name none")


def _name(options: argparse.Namespace) -> str:
    """Name of the run: data set or file, network and what changes the design."""
    if options.files:
        more = len(options.files) - 1
        dataset = options.files[0].stem + (f"+{more}" if more else "")
    else:
        dataset = re.sub(r"[:?&]", "-", Path(options.dataset).name)
    network = dataset if options.network is None else options.network.stem
    return run_name(
        dataset,
        "" if network == dataset else network,
        *design_name(options),
        options.engine or "",
        "" if options.batch is None else f"batch{options.batch}",
        "stalls" if options.stalls else "",
        "" if options.waves is None else f"waves{options.waves}",
    )
