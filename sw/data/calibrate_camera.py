"""Compare simulated with real N-MNIST recordings of the same images."""

import argparse
from pathlib import Path

from tickless.errors import InputError
from tickless.progress import stage

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--fit", type=int, default=0, help="steps of search for parameters (0)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the search (1)")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/calibration.png"),
        help="plot to write (build/calibration.png)",
    )


def main(options: argparse.Namespace) -> int:
    """Print the match on recordings that nothing was fitted on, and plot it."""
    for name in ("fit", "seed"):
        if (value := getattr(options, name)) < 0:
            raise InputError(f"{name} = {value}: expected at least 0")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with stage("loading the simulated camera"):
        from tickless.sw.data.camera_calibration import report
    report(options.fit, options.seed, options.output)
    print(options.output)
    return 0
