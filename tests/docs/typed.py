"""A page, typed as a new user would: its commands, its code, and what it says they print."""

import doctest
import glob
from contextlib import ExitStack
from pathlib import Path

from tests.docs.pages import ROOT, blocks, commands
from tests.sim.board.boards import simulated_board
from tickless.command import main

__all__ = ["look_like_a_clone", "type_page"]

ENVIRONMENT = (["make", "env"], [".", ".venv/bin/activate"])
"""What whoever runs the tests has done."""

BOARD = "simulate-board"
"""Stays while the others run, in a terminal of its own."""


def look_like_a_clone(folder: Path, *names: str) -> None:
    """Simulators and samples of the clone in a folder that has runs of its own; ``names`` of the
    clone's folders beside them."""
    (folder / "build").mkdir()
    for name in (*names, "build/simulators", "build/cache"):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(ROOT / name)


def type_page(page: Path, capsys) -> int:
    """Type all of a page; how many blocks of output were compared.

    What a block of output does not say of what the block before it printed is ``...``.
    """
    names, printed, compared = {}, "", 0
    checker = doctest.OutputChecker()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    with ExitStack() as terminals:
        for block in blocks(page):
            where = f"{page.name}:{block.line}"
            if block.language == "text":
                assert checker.check_output(block.text, printed, flags), f"{where}: {printed}"
                compared += 1
                continue
            if block.language == "python":
                exec(compile(block.text, where, "exec"), names)
            else:
                for words in commands(block):
                    _run(words, terminals)
            printed = capsys.readouterr().out
    return compared


def _run(words: list[str], terminals: ExitStack) -> None:
    """One command as a shell has it, the stars in its words for the files that are there."""
    if words in ENVIRONMENT:
        return
    program, *arguments = words
    assert program == "tickless"
    arguments = [name for word in arguments for name in glob.glob(word) or [word]]
    if arguments[0] == BOARD:
        terminals.enter_context(simulated_board(*arguments[1:]))
    else:
        assert main(arguments) == 0
