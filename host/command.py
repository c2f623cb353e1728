"""Send recordings to a board and compare its answers with the golden model."""

import argparse
from math import inf
from pathlib import Path

from tickless.errors import InputError
from tickless.host.port import DEFAULT_BAUD, ENGINE, LOOPBACK
from tickless.host.stream.wire import FORMATS
from tickless.progress import stage
from tickless.sw.data.catalog import dataset_name
from tickless.sw.data.options import add_fitting_options

__all__ = ["add_options", "main"]

MOST_REPEATS = (1 << 16) - 1

STANDARD_INPUT = Path("-")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--port",
        required=True,
        help="the board's serial port, as /dev/ttyUSB0, or its address in the network, as "
        f"udp://192.168.1.50; {ENGINE} for no board: the fast engine "
        "computes what --stream brings",
    )
    parser.add_argument(
        "--baud", type=int, default=DEFAULT_BAUD, metavar="N", help="bits a second on the line"
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="recordings of any format that `tickless data info` knows; with --stream, - is "
        "standard input",
    )
    parser.add_argument("--dataset", type=dataset_name, help="recordings of a data set's test part")
    parser.add_argument("--samples", type=int, metavar="N", help="how many of them; 20 by default")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="chooses them")
    parser.add_argument(
        "--network",
        type=Path,
        metavar="FILE",
        help="network file to compare with; by default the pre-trained one that the board names",
    )
    parser.add_argument(
        "--margin", type=int, metavar="N", help="margin of the board's early exit, to compare with"
    )
    parser.add_argument(
        "--read-every",
        metavar="LENGTH",
        help="ask for the answer so far, which resets nothing, every 100ms or 5000events; of a "
        "stream in place of --window: its sample ends with it, or where time begins anew",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--pace", action="store_true", help="send each event at its time, not as soon as possible"
    )
    how.add_argument(
        "--live", action="store_true", help="show the logits while events arrive at their pace"
    )
    how.add_argument(
        "--replay",
        type=int,
        metavar="N",
        help="let the board store each recording and play it N times without a gap",
    )
    how.add_argument(
        "--stream",
        action="store_true",
        help="take events as they come, from --udp, standard input or recordings at their own "
        "pace, in samples of a --window; windows are shed rather than late",
    )
    group = parser.add_argument_group("streams")
    group.add_argument(
        "--udp",
        type=_address,
        metavar="[HOST:]PORT",
        help="take datagrams sent to this port; of this machine alone where no HOST is given, "
        "0.0.0.0 for all that reach it",
    )
    group.add_argument(
        "--udp-format",
        choices=FORMATS,
        default="aestream",
        help="AEStream's words, with or without time stamps (without, time is that of arrival), "
        "or faery's formats",
    )
    group.add_argument(
        "--seconds", type=float, metavar="N", help="end the stream after so many seconds"
    )
    add_fitting_options(parser)


def main(options: argparse.Namespace) -> int:
    """Returns 0 if no answer differs from the golden model, 1 if one does."""
    _check(options)
    with stage("loading the golden model"):
        if options.stream:
            from tickless.host.stream.run import run
        else:
            from tickless.host.run import run
    return run(options)


def _check(options: argparse.Namespace) -> None:
    """That the values are possible, before anything is loaded or a board is asked."""
    if options.replay is not None and not 1 <= options.replay <= MOST_REPEATS:
        raise InputError(f"replay = {options.replay}: expected 1..{MOST_REPEATS}")
    if options.seed < 0:
        raise InputError(f"seed = {options.seed}: expected at least 0")
    if options.samples is not None and options.dataset is None:
        raise InputError(f"samples = {options.samples}: expected the --dataset they are of")
    if options.read_every is not None:
        for name in ("live", "replay", "window"):
            if getattr(options, name):
                raise InputError(f"read-every = {options.read_every}: expected no --{name} with it")
        if options.margin is not None:
            raise InputError(f"read-every = {options.read_every}: expected no early exit")
        from tickless.sw.data.fitting import parse_window

        parse_window(options.read_every, "read-every")
    if options.stream:
        _check_stream(options)
        return
    for name in ("udp", "seconds"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name}: expected --stream with it")
    if options.port == ENGINE:
        raise InputError(f"port = {ENGINE}: expected --stream with it, or a board's port")
    if STANDARD_INPUT in options.files:
        raise InputError("-: expected --stream with it, or files")
    if not options.files and options.dataset is None:
        raise InputError("no recordings: expected files, or --dataset")


def _check_stream(options: argparse.Namespace) -> None:
    if options.dataset is not None:
        raise InputError(f"dataset = {options.dataset}: of a stream expected --udp, files or -")
    if (options.udp is None) == (not options.files):
        raise InputError("no stream, or two: expected one of --udp, files, or - for standard input")
    if STANDARD_INPUT in options.files and len(options.files) > 1:
        raise InputError("-: expected no file beside standard input")
    if options.window is None and options.read_every is None:
        raise InputError(
            "no window: expected the length of a sample, as --window 100ms, or --read-every 100ms "
            "for one sample that goes on"
        )
    if options.seconds is not None and not 0 < options.seconds < inf:
        raise InputError(f"seconds = {options.seconds:g}: expected more than 0")
    if options.port == ENGINE:
        if options.network is None:
            raise InputError(f"port = {ENGINE}: expected its --network")
        if options.margin is not None:
            raise InputError(f"margin = {options.margin}: the engine has no early exit")
    for path in options.files:
        if path != STANDARD_INPUT and not path.is_file():
            raise InputError(f"{path}: expected a file")


def _address(text: str) -> tuple[str, int]:
    """Address and port of a text ``[HOST:]PORT``."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) >= 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r}: expected [HOST:]PORT, as 3333 or [::1]:3333")
    return host.strip("[]") or LOOPBACK, int(port)
