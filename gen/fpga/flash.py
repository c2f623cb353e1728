"""Load a board with its bitstream, by openFPGALoader."""

import argparse
import json
import shlex
import shutil
import subprocess
from pathlib import Path

from tickless.errors import InputError, MissingToolError
from tickless.gen.fpga.bitstream import add_board_options, build_folder
from tickless.gen.fpga.boards import BOARDS

__all__ = ["add_options", "main"]

LOADER = "openFPGALoader"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_board_options(parser)


def main(options: argparse.Namespace) -> int:
    """Returns openFPGALoader's status."""
    board, folder = BOARDS[options.board], build_folder(options)
    try:
        built = json.loads((folder / "build.json").read_text())
    except FileNotFoundError:
        raise InputError(
            f"no bitstream in {folder}: run `tickless bitstream {options.network} --board "
            f"{board.name}` first"
        ) from None
    command = [LOADER, "-b", board.loader, str(folder / Path(built["bitstream"]["file"]))]
    print(shlex.join(command), flush=True)
    if shutil.which(LOADER) is None:
        raise MissingToolError(
            f"no {LOADER} on PATH: install it and run the command above, see "
            "https://github.com/trabucayre/openFPGALoader"
        )
    return subprocess.run(command, check=False).returncode
