"""Measure the coefficients of the area's estimate: see `gen.fpga.coefficients`.

Writes the family's file in ``gen/fpga/families`` anew; some minutes for each family.
"""

import argparse

from tickless.gen.fpga.families import FAMILIES
from tickless.progress import stage

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--family", choices=FAMILIES, action="append", help="by default all")


def main(options: argparse.Namespace) -> int:
    """Measure the families and write their coefficients."""
    with stage("loading the generator"):
        from tickless.gen.fpga.coefficients import LARGEST, measure
    for name in options.family or FAMILIES:
        measure(LARGEST[name])
    return 0
