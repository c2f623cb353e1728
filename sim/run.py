"""Simulation run: stimuli in, recordings out."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.lib import data

from tickless.hw.packet import Kind
from tickless.sim.bench import Bench, DesignFactory, Unit
from tickless.sim.build import BUILD_FOLDER, build
from tickless.sim.failure import SimulationError, hang_text, violation_text
from tickless.sim.loads import Load, load_plan
from tickless.sim.packets import packet_field, packet_words
from tickless.sim.record_files import membrane_words, read_records, read_run
from tickless.sim.records import RunRecord
from tickless.sim.simulator import TOP
from tickless.sim.testbench import RUN_FOLDER_VARIABLE
from tickless.sim.waves import Waves

__all__ = ["Simulation", "SimulationError", "simulate"]

WATCHDOG_CYCLES = 100_000
"""Cycles without any transfer after which a design counts as hung."""


def simulate(
    designs: Sequence[DesignFactory],
    stimuli: Sequence[Sequence[np.ndarray]],
    loads: Sequence[Sequence[Load]] | None = None,
    *,
    waves: bool = False,
    optimize: bool = True,
    **options: Any,
) -> list[RunRecord]:
    """Build a `Simulation` and run it once; ``options`` are those of `Simulation.run`."""
    return Simulation(designs, waves=waves, optimize=optimize).run(stimuli, loads, **options)


class Simulation:
    """Designs in one simulator, which runs any number of stimuli.

    Parameters
    ----------
    designs : sequence of DesignFactory
        For example ``[gen.configure.design_factory(config, network)]``.
    waves : bool
        Whether runs can write waveforms: FST, or VCD where FST's libraries are missing.
    optimize : bool
        Build a fast simulator; without it building is faster, which suits short runs.
    verilog : str, optional
        Verilog of the bench, where it is known.

    Raises
    ------
    BuildError
        If the simulator cannot be built.
    """

    def __init__(
        self,
        designs: Sequence[DesignFactory],
        *,
        waves: bool = False,
        optimize: bool = True,
        verilog: str | None = None,
    ):
        self.bench = Bench(designs, verilog)
        self._simulator = build(self.bench, waves, optimize)

    @property
    def verilog(self) -> str:
        """Verilog of the bench, from which the simulator was built."""
        return (self._simulator.build_dir / f"{TOP}.v").read_text()

    def run(
        self,
        stimuli: Sequence[Sequence[np.ndarray]],
        loads: Sequence[Sequence[Load]] | None = None,
        *,
        stalls: bool = False,
        seed: int = 0,
        progress: bool = False,
        watchdog_cycles: int = WATCHDOG_CYCLES,
        folder: Path | None = None,
        waves: Waves | None = None,
    ) -> list[RunRecord]:
        """Stream samples through all designs at once and record every link.

        Recordings lie in files that are mapped into memory, so that long runs stay small.

        Parameters
        ----------
        stimuli : sequence of sequence of numpy.ndarray
            The samples of each design: packets as of `sim.packets.pack_sample`, END the last.
        loads : sequence of sequence of Load, optional
            What is loaded into each design, in order; nothing by default.
        stalls : bool
            Stall every link at random; some are stalled lightly, some heavily, some in bursts.
        seed : int
            Seed of the stalls.
        progress : bool
            Show a progress bar.
        watchdog_cycles : int
            Cycles without any transfer after which a design counts as hung.
        folder : Path, optional
            Where the run leaves its files; by default they vanish with the recordings.
        waves : Waves, optional
            Waveforms to write, where the simulator can.

        Raises
        ------
        SimulationError
            If a design hangs, breaks a stream rule or sends a wrong number of markers.
        """
        if len(stimuli) != len(self.bench.units):
            raise ValueError(f"{len(stimuli)} stimuli: expected {len(self.bench.units)}")
        loads = [[] for _ in stimuli] if loads is None else loads
        plan = {
            "stalls": stalls,
            "progress": progress,
            "watchdog_cycles": watchdog_cycles,
            "gates": _gates(seed, sum(len(unit.layouts) for unit in self.bench.units)),
            "waves": None if waves is None else waves.as_plan(),
        }
        if folder is not None:
            return self._run(stimuli, loads, plan, folder.resolve())
        BUILD_FOLDER.mkdir(parents=True, exist_ok=True)
        # A mapped file outlives its name.
        with tempfile.TemporaryDirectory(prefix="run-", dir=BUILD_FOLDER) as name:
            return self._run(stimuli, loads, plan, Path(name).resolve())

    def _run(
        self,
        stimuli: Sequence[Sequence[np.ndarray]],
        loads: Sequence[Sequence[Load]],
        plan: dict[str, Any],
        folder: Path,
    ) -> list[RunRecord]:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in ("records_*", "membranes_*", "stimulus_*", "loads_*", "outcome.json"):
            for path in folder.glob(pattern):
                path.unlink()
        plan = {**plan, **self._inputs(stimuli, loads, folder)}
        (folder / "plan.json").write_text(json.dumps(plan))
        self._simulator.simulate(folder, {RUN_FOLDER_VARIABLE: str(folder)}, plan["progress"])
        if not (folder / "outcome.json").is_file():
            log = (folder / "simulation.log").read_text(errors="replace").splitlines()
            raise SimulationError("\n".join(["the simulator stopped early:", *log[-20:]]))
        outcome = json.loads((folder / "outcome.json").read_text())
        if outcome["status"] == "hang":
            unit = self.bench.units[outcome["unit"]]
            records = [
                read_records(folder, unit.first_link + link, packet_words(layout))
                for link, layout in enumerate(unit.layouts)
            ]
            last = [link["packet"][-1] if len(link) else None for link in records]
            raise SimulationError(hang_text(self.bench, outcome, last))
        if outcome["status"] == "violation":
            raise SimulationError(violation_text(self.bench, outcome["violation"]))
        return [
            read_run(self.bench, index, len(samples), folder, outcome)
            for index, samples in enumerate(stimuli)
        ]

    def _inputs(
        self,
        stimuli: Sequence[Sequence[np.ndarray]],
        loads: Sequence[Sequence[Load]],
        folder: Path,
    ) -> dict[str, Any]:
        """Write the stimuli; returns what the test bench must know of units, links and probes."""
        units, link_words, probe_words = [], [], []
        for index, (unit, samples, chunks) in enumerate(
            zip(self.bench.units, stimuli, loads, strict=True)
        ):
            layout = unit.layouts[0]
            packets = _stimulus(index, layout, samples)
            path = folder / f"stimulus_{index}"
            packets.tofile(path)
            kind = packet_field(layout, "kind", packets)
            units.append(
                {
                    "first_link": unit.first_link,
                    "links": len(unit.layouts),
                    "cores": len(unit.design.cores),
                    "words": packet_words(layout),
                    "stimulus": str(path),
                    "loads": _loads(index, unit, samples, chunks, folder),
                    "answers": int(np.isin(kind, [Kind.END.value, Kind.READ.value]).sum()),
                }
            )
            link_words += [packet_words(layout) for layout in unit.layouts]
            for core, share in zip(unit.design.cores, unit.design.core_samples, strict=True):
                if core.shape.readout:
                    continue
                words = core.shape.bank_depth * membrane_words(core.shape)
                probe_words += [len(samples[share]) * words] * len(core.banks)
        return {"units": units, "link_words": link_words, "probe_words": probe_words}


def _stimulus(unit: int, layout: data.StructLayout, samples: Sequence[np.ndarray]) -> np.ndarray:
    words = packet_words(layout)
    for index, sample in enumerate(samples):
        where = f"sample {index} of design {unit}"
        if sample.dtype != np.uint32 or sample.ndim != 2 or sample.shape[1] != words:
            raise ValueError(
                f"{where}: expected uint32 [packets, {words}], got {sample.dtype} {sample.shape}"
            )
        ends = np.flatnonzero(packet_field(layout, "kind", sample) == Kind.END.value)
        if ends.tolist() != [len(sample) - 1]:
            raise ValueError(f"{where}: expected one END, as its last packet")
    return np.concatenate([np.zeros((0, words), np.uint32), *samples])


def _loads(
    index: int, unit: Unit, samples: Sequence[np.ndarray], loads: Sequence[Load], folder: Path
) -> dict[str, Any] | None:
    """Write a design's loads; returns what the test bench must know of them."""
    if unit.load_layout is None:
        if loads:
            raise ValueError(f"design {index} cannot be loaded: expected no loads")
        return None
    packets, plan = load_plan(unit.layouts[0], unit.load_layout, samples, loads)
    path = folder / f"loads_{index}"
    packets.tofile(path)
    return {**plan, "stimulus": str(path)}


def _gates(seed: int, links: int) -> list[tuple[int, int, int]]:
    """Random seed and probabilities, in units of 2^-32, to close and to open of each link."""
    rng = np.random.default_rng(seed)
    characters = np.array([(0.0, 1.0), (0.1, 0.7), (0.7, 0.2), (0.02, 0.05)])
    chosen = characters[rng.integers(0, len(characters), links)]
    chances = (np.clip(chosen * rng.uniform(0.7, 1.3, (links, 2)), 0, 1) * (2**32 - 1)).astype(int)
    seeds = rng.integers(1, 2**63, links).tolist()
    return [(number, *pair) for number, pair in zip(seeds, chances.tolist(), strict=True)]
