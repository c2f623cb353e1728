"""Stream recordings through the generated RTL and compare with the golden model."""

import argparse
import sys
from pathlib import Path

from tickless.errors import InputError
from tickless.gen.options import add_design_options, design_name
from tickless.progress import stage
from tickless.run_folder import LATEST, run_folder, run_name
from tickless.sw.data.catalog import DATASETS
from tickless.sw.workers import add_workers

__all__ = ["add_options", "main"]

RUNS = Path("build/sim")
"""Folder of all runs, from the working directory."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--dataset", choices=DATASETS, default="saccades")
    parser.add_argument("--samples", type=int, metavar="N", help="recordings; 20 by default")
    parser.add_argument(
        "--split",
        choices=("test", "train", "all"),
        default="test",
        help="where they are from; all takes the test set before the training set",
    )
    parser.add_argument("--seed", type=int, default=1, help="chooses the recordings and the stalls")
    parser.add_argument("--network", type=Path, help="network file; the pre-trained one by default")
    parser.add_argument("--stalls", action="store_true", help="stall every link at random")
    parser.add_argument(
        "--waves", action="store_true", help="write the waveforms; take few samples"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help=f"for the run's files; by default one in {RUNS} that is named after the run, to which "
        f"{RUNS / LATEST} links",
    )
    add_workers(parser)
    add_design_options(parser)


def main(options: argparse.Namespace) -> int:
    """Returns 0 if the RTL equals the golden model, 1 if not."""
    if options.seed < 0:
        raise InputError(f"seed = {options.seed}: expected at least 0")
    name = _name(options)
    with run_folder(RUNS, name, options.output) as folder:
        with stage("loading"):
            from tickless.sim.run_samples import run_samples
            from tickless.sim.table import table
        result, difference = run_samples(options, folder)
    print(table(result))
    output = options.output or RUNS / name
    print()
    print(*(output / file for file in ("result.json", "samples.jsonl", "report.html")), sep="\n")
    if difference is not None:
        print(f"\nThe RTL differs from the golden model: {difference}", file=sys.stderr)
        return 1
    return 0


def _name(options: argparse.Namespace) -> str:
    """Name of the run: data set, network and what changes the design."""
    network = options.dataset if options.network is None else options.network.stem
    return run_name(
        options.dataset,
        "" if network == options.dataset else network,
        *design_name(options),
        "stalls" if options.stalls else "",
    )
