"""Simulator: a bench that Verilator has compiled, run through cocotb's runner."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from cocotb_tools.runner import Verilator as VerilatorRunner

from tickless.sim.verilator import has_fst
from tickless.sw.workers import end_with_parent

__all__ = ["TOP", "Simulator"]

TOP = "bench"
"""Name of a bench's top module."""


class Simulator(VerilatorRunner):
    """cocotb's runner for Verilator, without making every signal public, which costs most of the
    speed; ``native/public.vlt`` names the few that the test bench reads or drives.

    Parameters
    ----------
    folder : Path
        Where it is, or will be, built.
    waves : bool
        Whether the simulator can write waveforms: FST, or VCD where FST's libraries are missing.
    make_arguments : sequence of str
        Further arguments of ``make``.
    """

    def __init__(self, folder: Path, waves: bool, make_arguments: Sequence[str] = ()):
        super().__init__()
        self.build_dir = folder
        self.wanted_waves = waves
        self.make_arguments = make_arguments
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
        commands[-1] += self.make_arguments
        return commands

    def _test_command(self) -> list[list[str]]:
        self.waves = False  # the test bench writes them
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
                preexec_fn=end_with_parent,
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
        settings = {
            "COCOTB_LOG_LEVEL": "WARNING",
            "GPI_LOG_LEVEL": "WARNING",
            # Nothing asserts there; rewritten, every module would be compiled anew, numpy included.
            "COCOTB_REWRITE_ASSERTION_FILES": "",
        }
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
                extra_env={**settings, **variables},
            )
