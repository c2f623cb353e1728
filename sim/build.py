"""Build: from Verilog to a simulator, through cocotb's runner and Verilator."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from cocotb_tools.runner import Verilator as VerilatorRunner
from cocotb_tools.runner import VerilatorControlFile
from filelock import FileLock

from tickless.environment import environment
from tickless.sim.verilator import (
    SimulatorBuildError,
    has_fst,
    system_version,
    verilator_environment,
)

__all__ = ["BUILD_FOLDER", "NATIVE", "Simulator", "SimulatorBuildError", "build"]

BUILD_FOLDER = Path("build")
"""Where simulators are kept and runs leave their files, from the working directory."""

NATIVE = Path(__file__).parent / "native"
"""Parts of simulators that are written by hand."""

TOP = "bench"

WARNINGS_AS_ERRORS = ("UNOPTFLAT", "MULTIDRIVEN", "BLKLOOPINIT", "LATCH", "COMBDLY")
"""UNOPTFLAT is a combinational loop, as of a producer whose valid waits for ready."""

OPTIONS = (
    "-O3",
    "--x-assign",
    "unique",  # what the design leaves undefined is random
    "--x-initial",
    "fast",
    "--no-assert",
    "--no-timing",
    "-LDFLAGS",
    "-rdynamic",
    "-Wno-fatal",
    "-Wno-WIDTH",
)


class Simulator(VerilatorRunner):
    """cocotb's runner for Verilator, without making every signal public, which costs most of the
    speed; ``native/public.vlt`` names the few that the test bench reads or drives.

    Parameters
    ----------
    waves : bool
        Whether the simulator writes waveforms: FST, or VCD where FST's libraries are missing.
    """

    def __init__(self, waves: bool):
        super().__init__()
        self.wanted_waves = waves
        self.progress = False
        self.inherited: Sequence[int] = ()
        self._set_sources([])

    # The environment variable WAVES, which the runner prefers, says nothing about this simulator.
    def _build_command(self) -> list[list[str]]:
        self.waves = self.wanted_waves
        trace = "--trace-fst" if has_fst() else "--trace-vcd"
        replaced = {"--public-flat-rw": [], "--trace": [trace]}
        commands = [
            [part for argument in command for part in replaced.get(argument, [argument])]
            for command in super()._build_command()
        ]
        # Objects that another build has left are older than the makefile, and good.
        shared = self.build_dir.glob("verilated*.o")
        commands[-1] += [f"--assume-old={path.name}" for path in shared]
        return commands

    def _test_command(self) -> list[list[str]]:
        self.waves = self.wanted_waves
        return super()._test_command()

    def _execute_cmds(self, cmds, cwd, stdout=None) -> None:
        # Only the progress bar is for the terminal; the rest is for the log.
        stderr = None if self.progress else subprocess.STDOUT
        for command in cmds:
            subprocess.run(
                command,
                cwd=cwd,
                env=self.env,
                stdout=stdout,
                stderr=stderr,
                check=True,
                pass_fds=self.inherited,
            )

    def simulate(
        self,
        folder: Path,
        variables: Mapping[str, str],
        progress: bool,
        module: str = "tickless.sim.testbench",
        inherited: Sequence[int] = (),
    ) -> None:
        """Run a test bench in a folder; its log is ``simulation.log`` there.

        Parameters
        ----------
        folder : Path
            Working directory.
        variables : mapping of str to str
            Environment variables.
        progress : bool
            Whether the test bench may write to the terminal.
        module : str
            The test bench.
        inherited : sequence of int
            Numbers of open files that it needs.
        """
        quiet = {"COCOTB_LOG_LEVEL": "WARNING", "GPI_LOG_LEVEL": "WARNING"}
        self.progress, self.inherited = progress, inherited
        # What failed is in the log and in the files of the test bench, not in the exit status.
        with suppress(SystemExit):
            self.test(
                module,
                TOP,
                hdl_toplevel_lang="verilog",
                build_dir=self.build_dir,
                test_dir=folder,
                results_xml=str(folder / "results.xml"),
                log_file=folder / "simulation.log",
                extra_env={**quiet, **variables},
            )


def build(source: str, waves: bool = False, optimize: bool = True) -> Simulator:
    """Simulator of a bench; built once for each content.

    Parameters
    ----------
    source : str
        Verilog of the bench.
    waves : bool
        Whether it writes waveforms: FST, or VCD where the libraries lz4 and zlib are missing.
    optimize : bool
        Whether the compiler optimizes, which takes most of the time of a build.

    Raises
    ------
    BuildError
        If a tool is missing or Verilator or the compiler refuses the design.
    """
    natives = sorted(NATIVE.iterdir())
    digest = hashlib.sha256(
        repr(
            (waves and has_fst(), waves, optimize, OPTIONS, WARNINGS_AS_ERRORS, _versions())
        ).encode()
    )
    for content in [source.encode(), *(path.read_bytes() for path in natives)]:
        digest.update(hashlib.sha256(content).digest())
    target = (BUILD_FOLDER / "simulators" / digest.hexdigest()[:24]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    simulator = Simulator(waves)
    simulator.build_dir = target
    # Parallel tests build a simulator once.
    with FileLock(target / "lock"):
        if not (target / "complete").exists():
            runtime = hashlib.sha256(
                repr((waves and has_fst(), waves, _versions())).encode()
            ).hexdigest()[:24]
            shared = target.parent / f"runtime-{runtime}"
            _copy_objects(shared, target)
            _build(simulator, source, natives, target, optimize)
            _copy_objects(target, shared)
            for header in target.glob("*.gch"):  # precompiled, 150 MB, of no more use
                header.unlink()
            (target / "complete").touch()
    return simulator


def _copy_objects(source: Path, target: Path) -> None:
    """Copy Verilator's own objects, which take most of the time of a small build."""
    target.mkdir(exist_ok=True)
    for path in source.glob("verilated*.o"):
        if not (target / path.name).exists():
            # Another build may copy the same object at the same time.
            part = target / f"{path.name}.{os.getpid()}"
            shutil.copyfile(path, part)
            part.rename(target / path.name)


def _build(
    simulator: Simulator, source: str, natives: list[Path], target: Path, optimize: bool
) -> None:
    design = target / f"{TOP}.v"
    design.write_text(source)
    log = target / "build.log"
    by_suffix = {
        suffix: [path for path in natives if path.suffix == suffix]
        for suffix in (".sv", ".cpp", ".vlt")
    }
    try:
        with environment(_make_options(verilator_environment(), optimize)):
            simulator.build(
                sources=[
                    *map(VerilatorControlFile, by_suffix[".vlt"]),
                    *by_suffix[".sv"],
                    design,
                ],
                build_args=[
                    *OPTIONS,
                    *(f"-Werror-{name}" for name in WARNINGS_AS_ERRORS),
                    *map(str, by_suffix[".cpp"]),
                ],
                hdl_toplevel=TOP,
                build_dir=target,
                log_file=log,
            )
    except subprocess.CalledProcessError:
        lines = log.read_text(errors="replace").splitlines()
        errors = [line for line in lines if re.search(r"%Error|error:|Error ", line)]
        raise SimulatorBuildError(
            "\n".join([f"the simulator was not built, see {log}:", *(errors or lines[-10:])[:10]])
        ) from None


def _make_options(variables: dict[str, str], optimize: bool) -> dict[str, str]:
    """Environment with the compiler's levels for the design and for Verilator's own sources."""
    flags = variables.get("MAKEFLAGS", os.environ.get("MAKEFLAGS", ""))
    level = "-O2" if optimize else "-O0"
    return {
        **variables,
        "MAKEFLAGS": f"{flags} OPT_FAST={level} OPT_GLOBAL=-O2".strip(),
        # Huge pages: a fifth less time of Verilator for a large design. Other libraries ignore it.
        "GLIBC_TUNABLES": os.environ.get("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"),
    }


def _versions() -> tuple[str, ...]:
    return (*map(version, ("cocotb", "verilator")), str(system_version()), sys.version)
