"""Tools behind synthesis and bitstreams: Yosys, nextpnr and their like."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tickless.errors import MissingToolError

__all__ = ["ToolCrashError", "ToolError", "find", "run", "version"]

PREFIX = "yowasp-"
"""Of the tools that come as Python packages; those written in Python have none."""

HIMBAECHEL = "nextpnr-himbaechel"
"""What nextpnr is called where one program has several families: ``nextpnr-himbaechel-gowin``."""

POLL_SECONDS = 1.0

TAIL_LINES = 10

CRASHES = (signal.SIGABRT, signal.SIGSEGV)
"""Signals by which a tool ends that breaks down; in WebAssembly it traps."""


class ToolError(MissingToolError):
    """A tool is missing or failed; the message says which, what to do, or the end of its output."""


class ToolCrashError(ToolError):
    """A tool broke down, by a fault of its own."""


def find(tool: str, system: bool = False) -> str:
    """Path of a tool.

    Parameters
    ----------
    tool : str
        Name, as in ``nextpnr-ecp5``.
    system : bool
        Whether to take the one on PATH; else that of the Python packages.

    Raises
    ------
    ToolError
        If there is none.
    """
    if system:
        found = shutil.which(tool)
        if found is None and tool.startswith(f"{HIMBAECHEL}-"):
            found = shutil.which(HIMBAECHEL)
        if found is None:
            raise ToolError(
                f"no {tool} on PATH: install it, or leave out --system-tools (SYSTEM_TOOLS=1) for "
                "the Python packages' tools"
            )
        return found
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside, os.environ.get("PATH", "")])
    found = shutil.which(PREFIX + tool, path=path) or shutil.which(tool, path=beside)
    if found is None:
        raise ToolError(
            f"no {PREFIX}{tool} beside {sys.executable} or on PATH: run `make env` in a clone, or "
            "pip install 'tickless[fpga]'"
        )
    return found


def version(tool: str, system: bool = False) -> str:
    """What Yosys or nextpnr says of its version; errors as of `find`."""
    done = subprocess.run(
        [find(tool, system), "--version"], capture_output=True, text=True, check=False
    )
    # The two do not agree on the stream, and YoWASP's tell of their preparation first.
    said = re.search(r"(Yosys [\d.+]+|nextpnr-\d[\w.-]*)", done.stdout + done.stderr)
    return said[1] if said else "unknown"


def run(
    folder: Path,
    tool: str,
    *arguments: str,
    system: bool = False,
    waiting: Callable[[], None] | None = None,
) -> None:
    """Run a tool in a folder, which should hold all its files: the packages' tools see little else.

    Parameters
    ----------
    waiting : callable, optional
        Called about once a second while the tool runs.

    Raises
    ------
    ToolError
        If the tool is missing or fails; `ToolCrashError` if it breaks down.
    """
    command = [find(tool, system), *arguments]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None:
                try:
                    process.wait(POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    if waiting is not None:
                        waiting()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            output.seek(0)
            tail = output.read().splitlines()[-TAIL_LINES:]
            crashed = -process.returncode in CRASHES or any("wasm trap:" in line for line in tail)
            kind = ToolCrashError if crashed else ToolError
            raise kind("\n".join([f"{tool} failed in {folder}:", *tail]))
