"""Load a board with its bitstream: ``python -m gen.fpga.flash``, by openFPGALoader."""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tickless.gen.fpga.bitstream import add_board_options, build_folder
from tickless.gen.fpga.boards import BOARDS

__all__ = ["main"]

LOADER = "openFPGALoader"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns openFPGALoader's status, 2 if there is no bitstream or no loader."""
    parser = argparse.ArgumentParser(prog="python -m gen.fpga.flash", description=__doc__)
    add_board_options(parser)
    options = parser.parse_args(arguments)
    board, folder = BOARDS[options.board], build_folder(options)
    try:
        built = json.loads((folder / "build.json").read_text())
    except FileNotFoundError:
        print(
            f"error: no bitstream in {folder}: run `make bitstream BOARD={board.name}` first, "
            "for the same network",
            file=sys.stderr,
        )
        return 2
    command = [LOADER, "-b", board.loader, str(folder / Path(built["bitstream"]["file"]))]
    print(shlex.join(command), flush=True)
    if shutil.which(LOADER) is None:
        print(
            f"error: no {LOADER} on PATH: install it and run the command above, see "
            "https://github.com/trabucayre/openFPGALoader",
            file=sys.stderr,
        )
        return 2
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
