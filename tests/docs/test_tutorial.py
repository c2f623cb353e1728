"""The tutorial, typed as a new user would: its commands, its code, and what it says they print."""

import doctest
import glob
import re
from contextlib import ExitStack

import pytest

from tests.docs.pages import ROOT, blocks, commands
from tests.sim.board.boards import simulated_board
from tickless.command import main

TUTORIAL = ROOT / "docs/tutorial.md"

ENVIRONMENT = (["make", "env"], [".", ".venv/bin/activate"])
"""What whoever runs the tests has done."""

BOARD = "simulate-board"
"""Stays while the others run, in a terminal of its own."""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Folder that looks like a clone, with its simulators and samples, and runs of its own."""
    (tmp_path / "build").mkdir()
    for name in ("sw", "build/simulators", "build/cache"):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_tutorial_can_be_typed_and_prints_what_it_says(clone, capsys):
    names, printed, compared = {}, "", 0
    checker = doctest.OutputChecker()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    with ExitStack() as terminals:
        for block in blocks(TUTORIAL):
            where = f"{TUTORIAL.name}:{block.line}"
            if block.language == "text":
                assert checker.check_output(block.text, printed, flags), f"{where}: {printed}"
                compared += 1
                continue
            if block.language == "python":
                exec(compile(block.text, where, "exec"), names)
            else:
                for words in commands(block):
                    run(words, terminals)
            printed = capsys.readouterr().out
    assert compared == 8
    for name in re.findall(r"`(build/[\w./]+)`", TUTORIAL.read_text()):
        assert (clone / name).exists(), name


def run(words, terminals):
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
