"""Shard: samples that one simulator streams in a row, compared one by one."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickless.progress import bar, shown
from tickless.sim.compare import compare_sample
from tickless.sim.experiment import Experiment
from tickless.sim.packets import pack_sample
from tickless.sim.records import CoreCounts
from tickless.sim.references import FloatReference, float_reference, golden_trace
from tickless.sim.report_sample import ReportSample, report_sample
from tickless.sim.sample_row import SampleRow, sample_row
from tickless.sim.samples import Sample
from tickless.sim.traffic import Traffic, sample_traffic
from tickless.sim.waves import Waves
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.data.events import Events
from tickless.sw.integer import engine
from tickless.sw.integer.trace import SampleTrace

__all__ = ["DRAWN", "CarriedShards", "ShardOutcome", "run_shard"]

GOLDEN_SAMPLES, GOLDEN_EVENTS = 1, 200_000
"""First samples, and at most how many input events in all, that the golden model itself runs; the
rest is the fast engine's, which the tests prove equal and which is a thousand times as fast. The
bound is half a minute."""

DRAWN, DRAWN_FIRST = 12, 6
"""Samples that the report draws, and how many of them are the first ones; the others are the first
of those that are wrong."""


@dataclass(frozen=True, eq=False)
class ShardOutcome:
    """What a shard's samples came to.

    Members
    -------
    rows : sequence of SampleRow
        One a sample.
    drawn : sequence of ReportSample
        Those of them that a report may draw.
    counters : sequence of CoreCounts
        One a core.
    load_counters : mapping of str to int
        See `sim.records.RunRecord`.
    cycles, seconds : int, float
        Clocks, and wall time, of the simulation alone.
    traffic : Traffic or None
        Sum over the samples; None without a mesh.
    right_in_steps : int or None
        Labelled samples that the float network classifies rightly in its time steps; None without
        it.
    spike_difference : tuple of int or None
        The two sums of `sw.judge.evaluate.spike_difference`; None without the float
        network, or of one that leaks, or where early exit cuts samples short.
    """

    rows: Sequence[SampleRow]
    drawn: Sequence[ReportSample]
    counters: Sequence[CoreCounts]
    load_counters: Mapping[str, int]
    cycles: int
    seconds: float
    traffic: Traffic | None
    right_in_steps: int | None
    spike_difference: tuple[int, int] | None


def run_shard(
    experiment: Experiment,
    samples: Sequence[Sample],
    folder: Path | None = None,
    verilog: str | None = None,
    waves: Waves | None = None,
) -> ShardOutcome:
    """Stream samples through the RTL, and compare each with what golden model and float network
    make of it.

    Parameters
    ----------
    folder : Path, optional
        Where the simulation works, in a folder of its own that is gone in the end; one that fails
        leaves its log there.
    verilog : str, optional
        Verilog of the bench, where it is known.
    waves : Waves, optional
        Waveforms to write.

    Raises
    ------
    SimulatorBuildError, SimulationError
        If the simulator cannot be built, or the design hangs or breaks a rule.
    """
    recordings = [sample.read() for sample in samples]
    simulation = experiment.simulation(verilog)
    link = experiment.config.cores[0].input_link
    work = None if folder is None else Path(tempfile.mkdtemp(prefix="simulation-", dir=folder))
    [record] = simulation.run(
        [[pack_sample(link, events.addresses) for events in recordings]],
        [experiment.loads],
        folder=work,
        stalls=experiment.stalls,
        seed=experiment.seed + samples[0].index,
        progress=shown(),
        waves=waves,
    )
    mesh = experiment.config.mesh
    rows, drawn, traffic, wrong = [], [], None, 0
    pairs = list(zip(samples, recordings, strict=True))
    traces = [
        _traces(experiment, events, _golden_share(samples, recordings, sample.index))
        for sample, events in bar(pairs, "golden model", "sample")
    ]
    floats = None
    if experiment.checkpoint is not None:
        labels = [sample.label for sample in samples]
        whole_traces = [whole for whole, _ in traces]
        floats = float_reference(
            experiment.checkpoint, experiment.network, recordings, labels, whole_traces
        )
    known = (floats and floats.classes) or [None] * len(samples)
    compared = zip(samples, recordings, record.samples, traces, known, strict=True)
    for sample, events, recorded, (whole, leaving), float_class in compared:
        trace = whole if leaving is None else leaving
        passed = None if mesh is None else sample_traffic(mesh, recorded)
        if passed is not None:
            traffic = passed if traffic is None else traffic + passed
        row = sample_row(
            experiment.config,
            sample,
            len(events),
            whole,
            trace,
            recorded,
            compare_sample(sample.index, whole, recorded, leaving),
            float_class,
            passed,
        )
        rows.append(row)
        bad = row.comparison.difference is not None or (
            row.class_index != row.label and row.label != UNLABELLED
        )
        wrong += bad
        if sample.index < DRAWN_FIRST or (bad and wrong <= DRAWN - DRAWN_FIRST):
            drawn.append(
                report_sample(
                    experiment.network,
                    sample.name,
                    events.addresses,
                    sample.label,
                    trace,
                    recorded,
                )
            )
    if work is not None:
        shutil.rmtree(work)
    return ShardOutcome(
        rows,
        drawn,
        record.counters,
        record.load_counters,
        record.cycles,
        record.seconds,
        traffic,
        None if floats is None else floats.right_in_steps,
        None if floats is None else _spike_difference(floats, rows),
    )


def _traces(
    experiment: Experiment, events: Events, exact: bool
) -> tuple[SampleTrace, SampleTrace | None]:
    """What the network does with a recording, without early exit and, where the design has it,
    with it: by the golden model itself or by the fast engine."""

    def trace(margin: int | None) -> SampleTrace:
        if exact:
            return golden_trace(experiment.network, events, margin)
        return engine.run(experiment.network, events.addresses, (), margin)

    margin = experiment.margin
    return trace(None), None if margin is None else trace(margin)


def _spike_difference(floats: FloatReference, rows: Sequence[SampleRow]) -> tuple[int, int] | None:
    if floats.spike_difference is None or any(row.decision is not None for row in rows):
        return None
    different, spiked = zip(*floats.spike_difference, strict=True)
    return sum(different), sum(spiked)


def _golden_share(samples: Sequence[Sample], recordings: Sequence[Events], index: int) -> bool:
    """Whether the sample of an index is one that the golden model itself runs."""
    if index >= GOLDEN_SAMPLES:
        return False
    before = (e for s, e in zip(samples, recordings, strict=True) if s.index <= index)
    return sum(map(len, before)) <= GOLDEN_EVENTS


class CarriedShards(Sequence[tuple[Any, ...]]):
    """Arguments of `run_shard` for workers that see no file of ours.

    Recordings are read when a task is sent.
    """

    def __init__(self, experiment: Experiment, shards: Sequence[Sequence[Sample]], verilog: str):
        self._experiment, self._shards, self._verilog = experiment, shards, verilog

    def __len__(self) -> int:
        return len(self._shards)

    def __getitem__(self, index: Any) -> Any:
        samples = [sample.carried() for sample in self._shards[index]]
        return self._experiment, samples, None, self._verilog
