"""Simulation run: stimuli in, recordings out."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.lib import data

from hw.packet import Kind
from sim.bench import Bench, DesignFactory, Unit
from sim.build import BUILD_FOLDER, Simulator, build
from sim.packets import packet_field, packet_text, packet_words, unpack_membranes
from sim.recording import CoreCounters, LinkRecording, Recording, SampleRecording
from sim.testbench import RUN_FOLDER_VARIABLE

__all__ = ["SimulationError", "simulate"]

WATCHDOG_CYCLES = 100_000
"""Cycles without any transfer after which a design counts as hung."""


class SimulationError(RuntimeError):
    """A design hung, broke a stream rule or answered a wrong number of samples."""


def simulate(
    designs: Sequence[DesignFactory],
    stimuli: Sequence[Sequence[np.ndarray]],
    *,
    stalls: bool = False,
    seed: int = 0,
    waves: bool = False,
    progress: bool = False,
    watchdog_cycles: int = WATCHDOG_CYCLES,
    folder: Path | None = None,
) -> list[Recording]:
    """Stream samples through designs, all at once in one simulator, and record every link.

    Recordings lie in files that are mapped into memory, so that long runs stay small.

    Parameters
    ----------
    designs : sequence of DesignFactory
        For example ``[partial(hw.design.Design, config)]``.
    stimuli : sequence of sequence of numpy.ndarray
        The samples of each design: packets as of `sim.packets.pack_sample`, END the last.
    stalls : bool
        Stall every link at random; some are stalled lightly, some heavily, some in bursts.
    seed : int
        Seed of the stalls.
    waves : bool
        Write waveforms as FST; the path is printed.
    progress : bool
        Show a progress bar.
    watchdog_cycles : int
        Cycles without any transfer after which a design counts as hung.
    folder : Path, optional
        Where the run leaves its files; by default they vanish with the recordings.

    Raises
    ------
    BuildError
        If the simulator cannot be built.
    SimulationError
        If a design hangs, breaks a stream rule or sends a wrong number of markers.
    """
    if len(designs) != len(stimuli) or not designs:
        raise ValueError(f"{len(designs)} designs, {len(stimuli)} stimuli: expected one a design")
    bench = Bench(designs)
    simulator = build(bench.verilog(), waves)
    if folder is not None:
        return _run(bench, simulator, stimuli, folder, stalls, seed, watchdog_cycles, progress)
    BUILD_FOLDER.mkdir(parents=True, exist_ok=True)
    # A mapped file outlives its name.
    with tempfile.TemporaryDirectory(prefix="run-", dir=BUILD_FOLDER) as name:
        return _run(bench, simulator, stimuli, Path(name), stalls, seed, watchdog_cycles, progress)


def _run(
    bench: Bench,
    simulator: Simulator,
    stimuli: Sequence[Sequence[np.ndarray]],
    folder: Path,
    stalls: bool,
    seed: int,
    watchdog_cycles: int,
    progress: bool,
) -> list[Recording]:
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in ("records_*", "membranes_*", "stimulus_*", "outcome.json"):
        for path in folder.glob(pattern):
            path.unlink()
    layouts = [layout for unit in bench.units for layout in unit.layouts]
    plan: dict[str, Any] = {
        "stalls": stalls,
        "progress": progress,
        "watchdog_cycles": watchdog_cycles,
        "link_words": [packet_words(layout) for layout in layouts],
        "probe_words": [],
        "gates": _gates(seed, len(layouts)),
        "units": [],
    }
    for index, (unit, samples) in enumerate(zip(bench.units, stimuli, strict=True)):
        layout = unit.layouts[0]
        packets = _stimulus(index, layout, samples)
        path = folder / f"stimulus_{index}"
        packets.tofile(path)
        kind = packet_field(layout, "kind", packets)
        plan["units"].append(
            {
                "first_link": unit.first_link,
                "links": len(unit.layouts),
                "cores": len(unit.design.cores),
                "words": packet_words(layout),
                "stimulus": str(path),
                "answers": int(np.isin(kind, [Kind.END.value, Kind.READ.value]).sum()),
            }
        )
        for core in unit.spiking_cores:
            words = core.config.bank_depth * _membrane_words(core.config)
            plan["probe_words"] += [len(samples) * words] * len(core.banks)
    (folder / "plan.json").write_text(json.dumps(plan))

    simulator.simulate(folder, {RUN_FOLDER_VARIABLE: str(folder)}, progress)
    if simulator.waves:
        waves = BUILD_FOLDER / "waves.fst"
        shutil.move(folder / "dump.fst", waves)
        print(f"waveforms: {waves}")
    outcome_path = folder / "outcome.json"
    if not outcome_path.is_file():
        log = (folder / "simulation.log").read_text(errors="replace").splitlines()
        raise SimulationError("\n".join(["the simulator stopped early:", *log[-20:]]))
    outcome = json.loads(outcome_path.read_text())
    if outcome["status"] == "hang":
        raise SimulationError(_hang_text(bench, folder, plan, outcome))
    if outcome["status"] == "violation":
        raise SimulationError(_violation_text(bench, outcome["violation"]))
    return [
        _recording(bench, index, len(samples), folder, outcome)
        for index, samples in enumerate(stimuli)
    ]


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


def _gates(seed: int, links: int) -> list[tuple[int, int, int]]:
    """Random seed and probabilities, in units of 2^-32, to close and to open of each link."""
    rng = np.random.default_rng(seed)
    characters = np.array([(0.0, 1.0), (0.1, 0.7), (0.7, 0.2), (0.02, 0.05)])
    chosen = characters[rng.integers(0, len(characters), links)]
    chances = (np.clip(chosen * rng.uniform(0.7, 1.3, (links, 2)), 0, 1) * (2**32 - 1)).astype(int)
    seeds = rng.integers(1, 2**63, links).tolist()
    return [(number, *pair) for number, pair in zip(seeds, chances.tolist(), strict=True)]


def _membrane_words(core: Any) -> int:
    return -(-core.lanes * core.membrane_bits // 64)


def _load(path: Path, dtype: np.dtype) -> np.ndarray:
    if not path.exists():
        return np.zeros(0, dtype)
    # Small files do not deserve a mapping each, of which a process has a limited number.
    if path.stat().st_size < 1 << 20:
        return np.fromfile(path, dtype)
    return np.memmap(path, dtype, mode="r")


def _records(folder: Path, link: int, words: int) -> np.ndarray:
    dtype = np.dtype([("cycle", "<i8"), ("packet", "<u4", (words,))])
    return _load(folder / f"records_{link}", dtype)


def _recording(
    bench: Bench, index: int, samples: int, folder: Path, outcome: dict[str, Any]
) -> Recording:
    unit = bench.units[index]
    cores = unit.design.cores
    links = [
        _link_recordings(unit, index, number, samples, folder)
        for number in range(len(unit.layouts))
    ]
    probe = unit.first_probe
    membranes: list[list[np.ndarray]] = [[] for _ in range(samples)]
    for core in unit.spiking_cores:
        shape = (samples, core.config.bank_depth, _membrane_words(core.config))
        banks = []
        for _ in core.banks:
            words = _load(folder / f"membranes_{probe}", np.dtype("<u8"))
            if len(words) != np.prod(shape):
                raise SimulationError(
                    f"design {index}, core {core.config.name!r}: END has passed "
                    f"{len(words) // int(np.prod(shape[1:]))} times: expected {samples}"
                )
            banks.append(words.reshape(shape))
            probe += 1
        for sample, mine in enumerate(membranes):
            mine.append(unpack_membranes(core.config, np.stack([bank[sample] for bank in banks])))
    counters = []
    for core, value in zip(cores, outcome["counters"][index], strict=True):
        values = {
            name: (value >> field.offset) & ((1 << field.width) - 1)
            for name, field in core.counters.shape()
        }
        counters.append(CoreCounters(core.config.name, values))
    cycles = 0
    if samples:
        cycles = int(links[-1][-1].cycles[-1] - links[0][0].cycles[0]) + 1
    return Recording(
        samples=tuple(
            SampleRecording(tuple(link[sample] for link in links), tuple(membranes[sample]))
            for sample in range(samples)
        ),
        counters=tuple(counters),
        cycles=cycles,
        seconds=outcome["seconds"],
    )


def _link_recordings(
    unit: Unit, index: int, link: int, samples: int, folder: Path
) -> list[LinkRecording]:
    """One link's transfers, cut behind each END."""
    layout = unit.layouts[link]
    records = _records(folder, unit.first_link + link, packet_words(layout))
    packets, cycles = records["packet"], records["cycle"]
    ends = np.flatnonzero(packet_field(layout, "kind", packets) == Kind.END.value) + 1
    if len(ends) != samples or (samples and ends[-1] != len(records)):
        tail = len(records) - (ends[-1] if len(ends) else 0)
        raise SimulationError(
            f"design {index}, {_link_name(unit, link)}: {len(ends)} END and {tail} packets behind "
            f"the last: expected {samples} and 0"
        )
    cores = unit.design.cores
    config = cores[link].config.input_link if link < len(cores) else None
    starts = [0, *ends[:-1]]
    return [
        LinkRecording(config, packets[start:end], cycles[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _link_name(unit: Unit, link: int) -> str:
    names = [repr(core.config.name) for core in unit.design.cores]
    sender = names[link - 1] if link else "input"
    receiver = names[link] if link < len(names) else "answers"
    return f"link {link} ({sender} to {receiver})"


def _hang_text(bench: Bench, folder: Path, plan: dict[str, Any], outcome: dict[str, Any]) -> str:
    """Who waits for whom."""
    index = outcome["unit"]
    unit = bench.units[index]
    last = unit.first_link + len(unit.layouts) - 1
    lines = [
        f"design {index} hangs at cycle {outcome['cycle']} with {outcome['transfers'][last]} of "
        f"{plan['units'][index]['answers']} answers"
    ]
    for link, layout in enumerate(unit.layouts):
        number = unit.first_link + link
        count = outcome["transfers"][number]
        text = f"  {_link_name(unit, link)}: {count} packets"
        if count:
            packet = _records(folder, number, packet_words(layout))["packet"][-1]
            text += (
                f", the last at cycle {outcome['last_cycles'][number]}: "
                f"{packet_text(layout, packet)}"
            )
        valid = outcome["valid"][index] >> link & 1
        ready = outcome["ready"][index] >> link & 1
        who = {
            (0, 1): "the receiver waits",
            (1, 0): "the sender waits",
            (0, 0): "neither is ready",
            (1, 1): "both are ready",
        }[valid, ready]
        lines.append(f"{text}; valid {valid}, ready {ready}: {who}")
    return "\n".join(lines)


def _violation_text(bench: Bench, violation: list[int]) -> str:
    number, cycle, valid, *words = violation
    index = max(i for i, unit in enumerate(bench.units) if unit.first_link <= number)
    unit = bench.units[index]
    link = number - unit.first_link
    layout = unit.layouts[link]
    held, seen = (
        packet_text(layout, np.array(part, dtype=np.uint64).view(np.uint32))
        for part in (words[::2], words[1::2])
    )
    broken = f"payload changed to {seen}" if valid else "valid fell"
    return (
        f"design {index}, {_link_name(unit, link)}, cycle {cycle}: {broken} "
        f"before the transfer of {held}"
    )
