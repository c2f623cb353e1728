"""`tickless`: what it offers, and how it ends when something is wrong."""

import os
import signal
import subprocess
import sys

import pytest

from tickless import command
from tickless.command import COMMANDS, Command, main
from tickless.errors import InputError, MissingToolError, ResultError

TICKLESS = [sys.executable, "-m", "tickless"]

HELP = """
import sys
from tickless.command import main
try:
    main(["--help"])
except SystemExit:
    print(*sys.modules, sep="\\n")
"""


def test_help_is_quick_since_it_imports_no_part():
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert all(item.help in " ".join(done.stdout.split()) for item in COMMANDS)
    assert "tickless.command" in done.stdout.splitlines()
    assert not {"torch", "amaranth", "numpy"} & set(done.stdout.splitlines())


def test_a_missing_extra_is_named():
    script = (
        "import sys; sys.modules['amaranth_boards'] = None; from tickless.command import main; "
        "sys.exit(main(['flash', '--help']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "error: tickless flash needs the package amaranth_boards: pip install 'tickless[fpga]'\n"
    )


@pytest.mark.parametrize("item", COMMANDS, ids=[item.name for item in COMMANDS])
def test_each_part_has_a_help_of_its_own(item, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*item.name.split(), "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith(f"usage: tickless {item.name} [-h]")
    assert "python -m" not in text


def test_names_that_are_none(capsys):
    for arguments, words in [
        ([], "tickless: error: the following arguments are required: COMMAND"),
        (["nothing"], "tickless: error: argument COMMAND: invalid choice: 'nothing'"),
        (["bench"], "tickless bench: error: the following arguments are required: COMMAND"),
        (["bench", "sim"], "tickless bench: error: argument COMMAND: invalid choice: 'sim'"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
        assert words in capsys.readouterr().err


def test_a_group_lists_its_parts(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["judge", "--help"])
    text = capsys.readouterr().out
    assert "accuracy" in text
    assert "early-exit" in text
    assert "simulate-board" not in text


@pytest.fixture
def part(monkeypatch):
    """Makes ``tickless part`` end by an error."""

    class Part:
        error: BaseException

        @staticmethod
        def add_options(parser):
            pass

        @classmethod
        def main(cls, options):
            raise cls.error

    monkeypatch.setattr(command, "COMMANDS", (Command("part", "part", "a part"),))
    monkeypatch.setattr(command, "import_module", lambda name: Part)
    return Part


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InputError("wrong"), 2, "error: wrong\n"),
        (MissingToolError("no tool"), 2, "error: no tool\n"),
        (ResultError("too slow"), 1, "error: too slow\n"),
        (FileNotFoundError(2, "No such file", "a.txt"), 2, "error: a.txt: No such file\n"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device\n"),
        (OSError("odd"), 2, "error: odd\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_of_the_user_s_side_is_one_line(part, error, status, message, capsys):
    part.error = error
    assert main(["part"]) == status
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RuntimeError("x")])
def test_a_mistake_in_the_program_keeps_its_traceback(part, error):
    part.error = error
    with pytest.raises(type(error)):
        main(["part"])


def test_nobody_who_reads_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    arguments = ["judge", "accuracy", "sw/pretrained/saccades.safetensors", "--samples=1"]
    with os.fdopen(writer) as output:
        done = subprocess.run(
            [*TICKLESS, *arguments, "--steps=1"],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 128 + signal.SIGPIPE
    assert "Error" not in done.stderr
