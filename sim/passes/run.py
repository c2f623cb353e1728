"""Simulation of a pass engine: programs and batches of recordings in, all that it writes out."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from tickless.gen.passes.instructions import memory_image
from tickless.gen.passes.program import Program
from tickless.host.event_lists import encode_recordings
from tickless.hw.passes.instructions import EngineError
from tickless.hw.sdram.rules import RULES
from tickless.sim.build import BUILD_FOLDER, build
from tickless.sim.failure import SimulationError
from tickless.sim.passes.bench import PassBench
from tickless.sim.passes.model import Recording, check_room
from tickless.sim.passes.testbench import FOLDER_VARIABLE

__all__ = ["EngineRun", "PassSimulation"]


@dataclass(frozen=True, eq=False)
class EngineRun:
    """What an engine did with a batch.

    Members
    -------
    error : EngineError
        Why it ended early, or that it did not.
    instruction : int
        Number of its last instruction.
    cycles : int
        Clocks, to a few hundred.
    seconds : float
        Wall time of the simulation.
    words, steps : int
        16-bit words moved to and from the SDRAM; steps of all passes.
    input_words : int
        16-bit words of the batch's list.
    written : numpy.ndarray
        uint16: the words that it wrote, in order.
    swept : numpy.ndarray
        uint64: what sweeps at END found: for each word of the banks all of them, lowest bits first.
    """

    error: EngineError
    instruction: int
    cycles: int
    seconds: float
    words: int
    steps: int
    input_words: int
    written: np.ndarray
    swept: np.ndarray


class PassSimulation:
    """Pass engine in a simulator, which runs any number of programs.

    Parameters
    ----------
    bench : PassBench
        The engine.
    optimize : bool
        Build a fast simulator; without it building is faster.

    Raises
    ------
    SimulatorBuildError
        If the simulator cannot be built.
    """

    def __init__(self, bench: PassBench, *, optimize: bool = True):
        self.bench = bench
        self._simulator = build(bench, optimize=optimize)

    def run(
        self,
        program: Program,
        batches: Sequence[Sequence[Recording]],
        *,
        images: Sequence[np.ndarray | None] = (),
        delay: int = 0,
    ) -> list[EngineRun]:
        """Run batches of recordings one after the other.

        Parameters
        ----------
        program : Program
            The program, made for an engine of the same shape.
        batches : sequence of sequence of Recording
            The batches.
        images : sequence of numpy.ndarray or None
            What is written from word 0 of the SDRAM on before each batch, None for nothing; by
            default `memory_image` of the program before the first one.
        delay : int
            Clocks before the first start, which shift the refreshes against all else.

        Raises
        ------
        ListOverflow
            If the events of a batch do not fit into their part of the SDRAM.
        SimulationError
            If the simulator stops early, or a rule of the SDRAM is broken.
        """
        if program.shape != self.bench.shape:
            raise ValueError(f"program for {program.shape}: expected {self.bench.shape}")
        BUILD_FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="passes-", dir=BUILD_FOLDER) as name:
            folder = Path(name).resolve()
            inputs, sizes = [], []
            for number, (batch, image) in enumerate(
                zip_longest(batches, images or [memory_image(program)])
            ):
                words, _ = encode_recordings(batch, program.network.input_shape)
                check_room(words, program.lists[0], "the input")
                sizes.append(len(words))
                parts = [(program.lists[0].start, np.array(words, np.uint16))]
                parts += [] if image is None else [(0, image)]
                inputs.append([])
                for start, part in parts:
                    path = folder / f"input_{number}_{start}.npy"
                    np.save(path, part)
                    inputs[-1].append((start, str(path)))
            plan = {
                "inputs": inputs,
                "program": program.code.start,
                "delay": delay,
            }
            (folder / "plan.json").write_text(json.dumps(plan))
            self._simulator.simulate(
                folder,
                {FOLDER_VARIABLE: str(folder)},
                False,
                module="tickless.sim.passes.testbench",
            )
            return _outcome(folder, sizes)


def _outcome(folder: Path, sizes: Sequence[int]) -> list[EngineRun]:
    if not (folder / "outcome.json").is_file():
        log = (folder / "simulation.log").read_text(errors="replace").splitlines()
        raise SimulationError("\n".join(["the simulator stopped early:", *log[-20:]]))
    runs = []
    for number, run in enumerate(json.loads((folder / "outcome.json").read_text())):
        where = f"batch {number}, instruction {run['instruction']}"
        broken = [rule for bit, rule in enumerate(RULES) if run["broken"] >> bit & 1]
        if broken:
            raise SimulationError(f"{where}: the SDRAM's rules are broken: {', '.join(broken)}")
        runs.append(
            EngineRun(
                EngineError(run["error"]),
                run["instruction"],
                run["cycles"],
                run["seconds"],
                run["words"],
                run["steps"],
                sizes[number],
                np.load(folder / f"written_{number}.npy"),
                np.load(folder / f"swept_{number}.npy"),
            )
        )
    return runs
