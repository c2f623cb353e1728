"""Write a recording in another format."""

import argparse
from pathlib import Path

from tickless.progress import stage
from tickless.sw.data.options import add_reading_options, reading
from tickless.sw.outputs import output_file

__all__ = ["add_options", "main"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a recording")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="file to write: *.npy, *.csv, *.h5, *.dat, *.raw (EVT 2.0) or *.bin (ATIS)",
    )
    add_reading_options(parser)


def main(options: argparse.Namespace) -> int:
    """Returns 0."""
    how = reading(options)
    output_file(options.output, options.file)
    with stage("loading the readers"):
        from tickless.sw.data.formats.recording_file import decode
        from tickless.sw.data.formats.writing import write
    decoded = decode(options.file, how.form, how.chip)
    write(decoded, options.output)
    for note in (*decoded.flaws, *decoded.notes):
        print(f"note: {note}")
    print(f"{options.output}: {len(decoded):,} events")
    return 0
