"""Send recordings to a board and compare its answers with the golden model."""

import argparse
from pathlib import Path

from tickless.errors import InputError
from tickless.host.port import DEFAULT_BAUD
from tickless.progress import stage
from tickless.sw.data.catalog import dataset_name
from tickless.sw.data.options import add_fitting_options

__all__ = ["add_options", "main"]

MOST_REPEATS = (1 << 16) - 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--port", required=True, help="the board's serial port, as /dev/ttyUSB0")
    parser.add_argument(
        "--baud", type=int, default=DEFAULT_BAUD, metavar="N", help="bits a second on the line"
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="recordings of any format that `tickless data info` knows",
    )
    parser.add_argument("--dataset", type=dataset_name, help="recordings of a data set's test part")
    parser.add_argument("--samples", type=int, metavar="N", help="how many of them; 20 by default")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="chooses them")
    parser.add_argument(
        "--network",
        type=Path,
        metavar="FILE",
        help="network file to compare with; by default the pre-trained one that the board names",
    )
    parser.add_argument(
        "--margin", type=int, metavar="N", help="margin of the board's early exit, to compare with"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--pace", action="store_true", help="send each event at its time, not as soon as possible"
    )
    how.add_argument(
        "--live", action="store_true", help="show the logits while events arrive at their pace"
    )
    how.add_argument(
        "--replay",
        type=int,
        metavar="N",
        help="let the board store each recording and play it N times without a gap",
    )
    add_fitting_options(parser)


def main(options: argparse.Namespace) -> int:
    """Returns 0 if no answer differs from the golden model, 1 if one does."""
    _check(options)
    with stage("loading the golden model"):
        from tickless.host.run import run
    return run(options)


def _check(options: argparse.Namespace) -> None:
    """That the values are possible, before anything is loaded or a board is asked."""
    if options.replay is not None and not 1 <= options.replay <= MOST_REPEATS:
        raise InputError(f"replay = {options.replay}: expected 1..{MOST_REPEATS}")
    if options.seed < 0:
        raise InputError(f"seed = {options.seed}: expected at least 0")
    if options.samples is not None and options.dataset is None:
        raise InputError(f"samples = {options.samples}: expected the --dataset they are of")
    if not options.files and options.dataset is None:
        raise InputError("no recordings: expected files, or --dataset")
