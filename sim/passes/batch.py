"""Batch: recordings that a pass engine runs in a row, compared one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickless.gen.passes.program import Program, make_program
from tickless.sim.passes.failure import failure_text
from tickless.sim.passes.model import ListOverflow
from tickless.sim.passes.result import Agreement, limit_clocks
from tickless.sim.passes.run import EngineRun, PassSimulation
from tickless.sim.passes.traces import engine_traces, split_lists
from tickless.sim.samples import Sample
from tickless.sw.integer import engine
from tickless.sw.integer.network import Network

__all__ = ["BatchOutcome", "Compared", "run_batch"]


@dataclass(frozen=True, eq=False)
class Compared:
    """One recording of a batch.

    Members
    -------
    agreement : Agreement
        Whether all is equal.
    label : int
        True class, or `sw.data.catalog.UNLABELLED`.
    integer_class, rtl_class : int
        What fast engine and RTL say.
    events : tuple of int
        Events into each layer.
    dropped : int
        Events outside the sensor.
    """

    agreement: Agreement
    label: int
    integer_class: int
    rtl_class: int
    events: tuple[int, ...]
    dropped: int


@dataclass(frozen=True, eq=False)
class BatchOutcome:
    """What a batch came to.

    Members
    -------
    error : str or None
        Why the engine gave it up; all else is then empty or 0.
    recordings : tuple of Compared
        Its recordings.
    cycles, words, steps, seconds
        As of `sim.passes.run.EngineRun`.
    limit : int
        `sim.passes.result.limit_clocks`.
    """

    error: str | None
    recordings: tuple[Compared, ...] = ()
    cycles: int = 0
    words: int = 0
    steps: int = 0
    seconds: float = 0.0
    limit: int = 0


def run_batch(
    network: Network, simulation: PassSimulation, samples: Sequence[Sample]
) -> BatchOutcome:
    """Run a batch, and compare it with what the fast engine makes of each recording."""
    program = make_program(network, simulation.bench.shape)
    recordings = [(sample.read().addresses, ()) for sample in samples]
    names = ", ".join(sample.name for sample in samples)
    try:
        (run,) = simulation.run(program, [recordings])
    except ListOverflow as error:
        return BatchOutcome(f"{names}: {error}")
    if run.error:
        return BatchOutcome(f"{names}: {failure_text(program, run.error.name, run.instruction)}")
    return _outcome(program, run, samples, [events for events, _ in recordings])


def _outcome(
    program: Program, run: EngineRun, samples: Sequence[Sample], recordings: Sequence[np.ndarray]
) -> BatchOutcome:
    traces = [engine.run(program.network, events) for events in recordings]
    found = engine_traces(program, run, [0] * len(traces))
    compared = tuple(
        Compared(
            Agreement.of(mine, trace),
            sample.label,
            trace.class_index,
            int(np.argmax(mine.logits)),
            (*(layer.events for layer in trace.layers), trace.readout_events),
            trace.dropped,
        )
        for sample, mine, trace in zip(samples, found, traces, strict=True)
    )
    events = np.sum([each.events for each in compared], axis=0).tolist()
    lists = split_lists(program, run.written, len(traces))
    limit = limit_clocks(program, events, run.input_words, lists)
    return BatchOutcome(None, compared, run.cycles, run.words, run.steps, run.seconds, limit)
