"""Simulated board: a board's system in Verilator behind a pseudo-terminal."""

import json
import os
import tempfile
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tickless.errors import InputError
from tickless.gen.design_file import DESIGN_FILE, write_design
from tickless.host.clock import clock_path, start_clock
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.passes.config import PassConfig
from tickless.hw.passes.system import PassSystem
from tickless.sim.board.bench import BoardBench
from tickless.sim.board.testbench import PLAN_VARIABLE
from tickless.sim.build import BUILD_FOLDER, build
from tickless.sim.failure import SimulationError

__all__ = ["SimulatedBoard"]


class SimulatedBoard:
    """Board in a simulator.

    Parameters
    ----------
    system : System
        The board's system; see `sim.board.bench`.
    clock_hz, baud : int
        The board's clock, and the bits a second at the host's end of the line.
    bit_errors : float
        Share of the bits on the line that arrive wrong, 0 to 1.
    modules : str
        Verilog of the modules that the system instantiates.
    design : MeshConfig or PassConfig, optional
        The mesh, or the engine, of a system that is loadable.

    Raises
    ------
    BuildError
        If the simulator cannot be built.
    """

    def __init__(
        self,
        system: Any,
        clock_hz: int,
        baud: int,
        bit_errors: float = 0.0,
        modules: str = "",
        design: MeshConfig | PassConfig | None = None,
    ):
        if not 0 <= bit_errors < 1:
            raise InputError(f"bit_errors = {bit_errors}: expected at least 0 and less than 1")
        self._plan = {
            "clock_hz": clock_hz,
            "baud": baud,
            "bit_errors": bit_errors,
            "sdram": isinstance(system, PassSystem),
        }
        self._design = design
        self._simulator = build(BoardBench(system, modules))

    def serve(self, announce: Callable[[str], None]) -> None:
        """Be a board until interrupted, by KeyboardInterrupt; then nothing is left of it.

        Parameters
        ----------
        announce : callable
            Called with the path of the serial port as soon as that can be opened; the board's
            clock is beside it, and the design file of one that is loadable.

        Raises
        ------
        SimulationError
            If the simulator stops by itself.
        """
        BUILD_FOLDER.mkdir(parents=True, exist_ok=True)
        # Our end of the port stays open, so that clients may come and go.
        far, near = os.openpty()
        try:
            tty.setraw(near)
            with tempfile.TemporaryDirectory(prefix="board-", dir=BUILD_FOLDER) as name:
                folder = Path(name).resolve()
                port = folder / "port"
                clock = clock_path(str(port))
                start_clock(clock)
                port.symlink_to(os.ttyname(near))
                if self._design is not None:
                    write_design(self._design, folder / DESIGN_FILE)
                announce(str(port))
                self._simulator.simulate(
                    folder,
                    {PLAN_VARIABLE: json.dumps({**self._plan, "port": far, "clock": str(clock)})},
                    progress=False,
                    module="tickless.sim.board.testbench",
                    inherited=[far],
                )
                log = (folder / "simulation.log").read_text(errors="replace").splitlines()
                raise SimulationError("\n".join(["the simulator stopped:", *log[-20:]]))
        finally:
            os.close(near)
            os.close(far)
