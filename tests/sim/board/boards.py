"""Simulated boards, as the command starts them."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["simulated_board", "started_board"]

START_LIMIT_S = 3600
END_LIMIT_S = 300
"""Guards against a hang: however busy a machine, nothing takes so long."""

SIMULATE_BOARD = ("simulate-board",)


@contextmanager
def started_board(
    *options: str, command: Sequence[str] = SIMULATE_BOARD, module: str = "tickless"
) -> Iterator[tuple[subprocess.Popen, str]]:
    """Process of a command that offers a board, and the path of its port."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", module, *command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        limit = threading.Timer(START_LIMIT_S, process.kill)
        limit.start()
        assert process.stdout is not None
        try:
            output = ""
            while (match := re.search(r"--port (\S+)", output)) is None:
                line = process.stdout.readline()
                assert line, f"no board: {output}"
                output += line
            limit.cancel()
            yield process, match[1]
        finally:
            limit.cancel()
            process.terminate()
            process.communicate(timeout=END_LIMIT_S)


@contextmanager
def simulated_board(
    *options: str, command: Sequence[str] = SIMULATE_BOARD, module: str = "tickless"
) -> Iterator[str]:
    """Path of the port of a board, of which nothing is left in the end."""
    with started_board(*options, command=command, module=module) as (process, path):
        children = child_processes(process.pid)
        yield path
    assert process.returncode == 0
    # The pty is gone with them; its number may be another's by now.
    assert_ended(children)


def child_processes(pid: int) -> list[int]:
    """The simulator, once it has been started; no tool that is asked for its place before."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    until = time.monotonic() + END_LIMIT_S
    while time.monotonic() < until:
        for child in listing.read_text().split():
            with suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text() == "bench\n":
                    return [int(child)]
        time.sleep(0.05)
    raise AssertionError("no simulator was started")


def assert_ended(pids: list[int]) -> None:
    until = time.monotonic() + END_LIMIT_S
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until, f"still there: {pids}"
        time.sleep(0.05)
