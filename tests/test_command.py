"""`tickless`: what it offers, and how it ends when something is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tickless import command
from tickless.command import COMMANDS, Command, command_parser, main
from tickless.errors import InputError, MissingToolError, ResultError
from tickless.sw.data.catalog import dataset_name
from tickless.sw.integer.network import PRETRAINED, Network

NETWORK = str(PRETRAINED / "saccades.safetensors")

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


HEAVY = {"torch", "amaranth", "tonic", "numba", "matplotlib", "scipy", "sklearn", "amaranth_boards"}

OPTIONS = """
import sys
from argparse import ArgumentParser
from importlib import import_module
import_module(f"tickless.{sys.argv[1]}").add_options(ArgumentParser())
print(*sys.modules, sep="\\n")
"""


@pytest.mark.parametrize(
    "module",
    [pytest.param(item.module, id=item.name) for item in COMMANDS],
)
def test_options_come_at_once_since_they_bring_no_library_of_the_work(module):
    command = [sys.executable, "-c", OPTIONS, module]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("amaranth_boards", ["bitstream", NETWORK, "--board", "ulx3s-25f"]),
        ("amaranth_boards", ["flash", NETWORK, "--board", "ulx3s-25f", "--output=BUILT"]),
        ("amaranth_boards", ["simulate-netlist", NETWORK]),
        ("amaranth_boards", ["bench", "area"]),
        ("amaranth_boards", ["measure-estimate"]),
    ],
)
def test_a_missing_extra_is_named(module, arguments, tmp_path):
    (tmp_path / "build.json").write_text(
        json.dumps(
            {
                "board": {"name": "ulx3s-25f"},
                "network": {"hash": Network.load(NETWORK).hash},
                "bitstream": {"file": "top.bit"},
            }
        )
    )
    arguments = [text.replace("BUILT", str(tmp_path)) for text in arguments]
    script = (
        f"import sys; sys.modules[{module!r}] = None; from tickless.command import main; "
        f"sys.exit(main({arguments!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    name = " ".join(arguments[: 2 if arguments[0] == "bench" else 1])
    last = done.stderr.splitlines()[-1]
    assert (
        last == f"error: tickless {name} needs the package {module}: pip install 'tickless[fpga]'"
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
            cls.begin()
            raise cls.error

        @staticmethod
        def begin():
            pass

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


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)


@pytest.mark.parametrize("error", [RuntimeError("of an import"), MissingToolError("yosys failed")])
def test_what_a_library_makes_of_ctrl_c_is_not_told(part, error, monkeypatch, capsys):
    def swallow():
        with suppress(KeyboardInterrupt):
            interrupt()

    monkeypatch.setattr(part, "begin", swallow)
    part.error = error
    assert main(["part"]) == 130
    assert capsys.readouterr().err == ""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_leaves_no_traceback_and_no_output(tmp_path):
    process = subprocess.Popen(
        [*TICKLESS, "rtl", NETWORK, "--output", str(tmp_path / "rtl")],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    told = b""
    while b"generating Verilog" not in told:
        told += process.stderr.read(1)
    os.killpg(process.pid, signal.SIGINT)
    told += process.communicate()[1]
    assert process.returncode == 130
    assert b"Traceback" not in told
    assert told.splitlines()[-1].startswith(b"generating Verilog")
    assert [path.name for path in tmp_path.iterdir()] == [".tickless-lock"]


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


def test_every_command_takes_data_sets_of_ones_own():
    options = {
        command.name: command_parser(command)._option_string_actions.get("--dataset")
        for command in COMMANDS
    }
    found = {name: option for name, option in options.items() if option is not None}
    assert {"train", "sim", "run", "judge accuracy", "bench clipping"} <= set(found)
    assert all(option.type is dataset_name for option in found.values())
