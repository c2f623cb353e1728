"""Build: from a bench to a simulator, by Verilator and the compiler; once for each bench."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cocotb_tools.runner import VerilatorControlFile
from filelock import FileLock

from tickless.environment import environment
from tickless.progress import stage
from tickless.sim.build_keys import SimulatedBench, design_key, runtime_key, verilog_key
from tickless.sim.simulator import TOP, Simulator
from tickless.sim.verilator import SimulatorBuildError, has_fst, verilator_environment
from tickless.sw.atomic_write import shared_write

__all__ = ["BUILD_FOLDER", "NATIVE", "SimulatorBuildError", "build"]

BUILD_FOLDER = Path("build")
"""Where simulators are kept and runs leave their files, from the working directory."""

NATIVE = Path(__file__).parent / "native"
"""Parts of simulators that are written by hand."""

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
    *(f"-Werror-{name}" for name in WARNINGS_AS_ERRORS),
)

VERILATOR_OBJECTS = ("verilated*.o",)
"""Objects that are the same in every simulator, however it is optimized: most of the time of a
small build."""

NATIVE_OBJECTS = tuple(f"{path.stem}.o" for path in sorted(NATIVE.glob("*.cpp")))
"""Objects that are the same in every simulator that is optimized alike."""

HEADER = NATIVE / "precompiled.h"
"""What most parts of a simulator include; the compiler takes half of the time of a small build to
read it, so simulators that are not optimized share it precompiled."""


def build(bench: SimulatedBench, waves: bool = False, optimize: bool = True) -> Simulator:
    """Simulator of a bench, built if there is none yet.

    One is found by what the bench follows from, without its Verilog, or else by its Verilog.

    Parameters
    ----------
    bench : SimulatedBench
        The bench.
    waves : bool
        Whether it can write waveforms: FST, or VCD where the libraries lz4 and zlib are missing.
    optimize : bool
        Whether the compiler optimizes, which takes most of the time of a build.

    Raises
    ------
    SimulatorBuildError
        If a tool is missing or Verilator or the compiler refuses the design.
    """
    simulators = (BUILD_FOLDER / "simulators").resolve()
    natives = sorted(NATIVE.iterdir())
    tracing = (OPTIONS, waves, waves and has_fst())
    settings = (*tracing, optimize)
    known = None
    if bench.definition is not None:
        known = simulators / "designs" / design_key(bench.definition, settings, natives)
        if known.exists():
            target = simulators / known.read_text()
            if (target / "complete").exists():
                return Simulator(target, waves)
    source = bench.verilog()
    target = simulators / verilog_key(source, settings, natives)
    target.mkdir(parents=True, exist_ok=True)
    # Parallel tests build a simulator once.
    with FileLock(target / "lock"):
        if not (target / "complete").exists():
            runtime = simulators / f"runtime-{runtime_key(settings, natives)}"
            shared = {
                simulators / f"runtime-{runtime_key(tracing, natives)}": VERILATOR_OBJECTS,
                runtime: NATIVE_OBJECTS,
            }
            for folder, objects in shared.items():
                _copy_objects(folder, target, objects)
            with stage("building the simulator"):
                _build(source, natives, target, waves, None if optimize else runtime)
            for folder, objects in shared.items():
                _copy_objects(target, folder, objects)
            for header in target.glob("*.gch"):  # precompiled, 150 MB, of no more use
                header.unlink()
            (target / "complete").touch()
    if known is not None:
        known.parent.mkdir(exist_ok=True)
        with shared_write(known) as part:
            part.write_text(target.name)
    return Simulator(target, waves)


def _copy_objects(source: Path, target: Path, objects: Sequence[str]) -> None:
    target.mkdir(exist_ok=True)
    for path in (path for pattern in objects for path in source.glob(pattern)):
        if not (target / path.name).exists():
            # Another build may copy the same object at the same time.
            with shared_write(target / path.name) as part:
                shutil.copyfile(path, part)


def _build(
    source: str, natives: list[Path], target: Path, waves: bool, runtime: Path | None
) -> None:
    """Build; without optimization where a folder is given, which has the precompiled header."""
    design = target / f"{TOP}.v"
    design.write_text(source)
    log = target / "build.log"
    by_suffix = {
        suffix: [path for path in natives if path.suffix == suffix]
        for suffix in (".sv", ".cpp", ".vlt")
    }
    simulator = Simulator(target, waves, _make_arguments(target, runtime))
    try:
        with environment(_variables(verilator_environment())):
            simulator.build(
                sources=[
                    *map(VerilatorControlFile, by_suffix[".vlt"]),
                    *by_suffix[".sv"],
                    design,
                ],
                build_args=[*OPTIONS, *map(str, by_suffix[".cpp"])],
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


def _make_arguments(target: Path, runtime: Path | None) -> list[str]:
    """The compiler's levels for the design and for Verilator's own sources; which files are good
    though they are older than the makefile."""
    shared = (*VERILATOR_OBJECTS, *NATIVE_OBJECTS)
    present = (path for pattern in shared for path in target.glob(pattern))
    arguments = ["OPT_GLOBAL=-O2", *(f"--assume-old={path.name}" for path in present)]
    if runtime is None:
        return [*arguments, "OPT_FAST=-O2"]
    runtime.mkdir(exist_ok=True)
    header = f"../{runtime.name}/{HEADER.name}"
    flags = "$(CXXFLAGS) $(CPPFLAGS)"
    return [
        "default",  # not the first target, which is below
        *arguments,
        # One file: most of the time of a file of a large design would go into its header.
        "VM_PARALLEL_BUILDS=0",
        f"OPT_FAST=-O0 -include {header}",
        f"--eval=Vtop__ALL.o verilator.o {' '.join(NATIVE_OBJECTS)}: | {header}.gch",
        # Another build may precompile it at the same time.
        f"--eval={header}.gch: ; $(CXX) -O0 {flags} -x c++-header '{HEADER}' -o $@.$$$$ && "
        "mv $@.$$$$ $@",
    ]


def _variables(tools: dict[str, str]) -> dict[str, str]:
    """Environment of a build."""
    # Huge pages: a fifth less time of Verilator for a large design. Other libraries ignore it.
    return {**tools, "GLIBC_TUNABLES": os.environ.get("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")}
