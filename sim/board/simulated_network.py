"""Simulated board in a network: a board's system in Verilator behind a UDP socket."""

import json
import socket
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tickless.errors import InputError
from tickless.host.clock import start_clock
from tickless.host.port import LOOPBACK, SCHEME
from tickless.hw.host.udp_system import UdpSystem
from tickless.sim.board.network_bench import NetworkBench
from tickless.sim.board.testbench import PLAN_VARIABLE
from tickless.sim.build import BUILD_FOLDER, build
from tickless.sim.failure import SimulationError

__all__ = ["SimulatedNetworkBoard"]


class SimulatedNetworkBoard:
    """Board in a simulator, in this machine's network.

    Parameters
    ----------
    system : UdpSystem
        The board's system.
    bit_errors : float
        Share of the bits on GMII that arrive wrong, 0 to 1.

    Raises
    ------
    BuildError
        If the simulator cannot be built.
    """

    def __init__(self, system: UdpSystem, bit_errors: float = 0.0):
        if not 0 <= bit_errors < 1:
            raise InputError(f"bit_errors = {bit_errors}: expected at least 0 and less than 1")
        self._plan = {
            "clock_hz": system.config.clock_hz,
            "bit_errors": bit_errors,
            "ethernet": asdict(system.ethernet),
        }
        self._simulator = build(NetworkBench(system))

    def serve(self, announce: Callable[[str], None]) -> None:
        """Be a board until interrupted, by KeyboardInterrupt; then nothing is left of it.

        Parameters
        ----------
        announce : callable
            Called with the board's address, which names its clock, too.

        Raises
        ------
        SimulationError
            If the simulator stops by itself.
        """
        BUILD_FOLDER.mkdir(parents=True, exist_ok=True)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link,
            tempfile.TemporaryDirectory(prefix="board-", dir=BUILD_FOLDER) as name,
        ):
            link.bind((LOOPBACK, 0))
            folder = Path(name).resolve()
            clock = folder / "clock"
            start_clock(clock)
            announce(f"{SCHEME}{LOOPBACK}:{link.getsockname()[1]}{clock}")
            self._simulator.simulate(
                folder,
                {
                    PLAN_VARIABLE: json.dumps(
                        {**self._plan, "socket": link.fileno(), "clock": str(clock)}
                    )
                },
                progress=False,
                module="tickless.sim.board.network_testbench",
                inherited=[link.fileno()],
            )
            log = (folder / "simulation.log").read_text(errors="replace").splitlines()
            raise SimulationError("\n".join(["the simulator stopped:", *log[-20:]]))
