"""Command `tickless`: talks to boards."""

import argparse
import sys
from collections.abc import Sequence

from tickless.host import run
from tickless.sim.board import simulate

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status of the subcommand."""
    parser = argparse.ArgumentParser(prog="tickless", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, module in (("run", run), ("simulate-board", simulate)):
        text = (module.__doc__ or "").strip()
        command = commands.add_parser(name, help=text, description=text)
        module.add_options(command)
        command.set_defaults(main=module.main)
    options = parser.parse_args(arguments)
    return options.main(options)


if __name__ == "__main__":
    sys.exit(main())
