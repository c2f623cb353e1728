"""Load a board with its bitstream, by openFPGALoader."""

import argparse
import json
import shlex
import shutil
import subprocess
from pathlib import Path

from tickless.errors import InputError, MissingToolError
from tickless.gen.fpga.bitstream import RUNS, add_board_options
from tickless.gen.fpga.boards import BOARDS
from tickless.run_folder import complete_runs
from tickless.sw.integer.network import Network

__all__ = ["add_options", "main"]

LOADER = "openFPGALoader"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Load a board with the last bitstream that was built for it of the network, by "
        "openFPGALoader."
    )
    add_board_options(parser)


def main(options: argparse.Namespace) -> int:
    """Returns openFPGALoader's status."""
    folders = complete_runs(RUNS) if options.output is None else [options.output]
    wanted = options.board, Network.load(options.network).hash
    bitstream = next((found for folder in folders if (found := _bitstream(folder, *wanted))), None)
    if bitstream is None:
        raise InputError(
            f"no bitstream in {options.output or RUNS}: run `tickless bitstream {options.network} "
            f"--board {options.board}` first"
        )
    command = [LOADER, "-b", BOARDS[options.board].loader, str(bitstream)]
    print(shlex.join(command), flush=True)
    if shutil.which(LOADER) is None:
        raise MissingToolError(
            f"no {LOADER} on PATH: install it and run the command above, see "
            "https://github.com/trabucayre/openFPGALoader"
        )
    return subprocess.run(command, check=False).returncode


def _bitstream(folder: Path, board: str, network_hash: str) -> Path | None:
    """Bitstream in a folder, if it is one for the board and of the network."""
    try:
        built = json.loads((folder / "build.json").read_text())
    except FileNotFoundError:
        return None
    if (built["board"]["name"], built["network"]["hash"]) != (board, network_hash):
        return None
    return folder / built["bitstream"]["file"]
