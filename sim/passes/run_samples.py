"""Run of samples through the pass engine: from options to the files of a run."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tickless.errors import InputError, ResultError
from tickless.gen.options import design_name
from tickless.gen.passes.program import Program, make_program
from tickless.hw.passes.instructions import EngineError
from tickless.progress import bar, stage
from tickless.sim.passes.bench import PassBench
from tickless.sim.passes.result import Agreement, PassResult, limit_clocks, table
from tickless.sim.passes.run import EngineRun, PassSimulation
from tickless.sim.passes.traces import engine_traces, split_lists
from tickless.sim.result import versions
from tickless.sim.samples import Sample, chosen_network, chosen_samples
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.integer import engine
from tickless.sw.integer.trace import SampleTrace

__all__ = ["run_samples"]

CLOCK_HZ = 60_000_000

REFUSED = ("stalls", "waves", "cluster")
"""Options that only the other designs have."""


def run_samples(options: argparse.Namespace, folder: Path) -> tuple[PassResult, str]:
    """Run the recordings that the options ask for, each in a batch of its own, and write
    ``result.json`` into a folder; returns the result and its text.

    Parameters
    ----------
    options : argparse.Namespace
        As `sim.command.add_options` makes them.

    Raises
    ------
    InputError
        If an option does not go with this engine, or the engine cannot compute the network.
    ResultError
        If the engine ends with an error.
    """
    given = [*design_name(options), *(name for name in REFUSED if getattr(options, name, None))]
    if given:
        raise InputError(f"--engine sdram: expected no option of other designs: {', '.join(given)}")
    path, network = chosen_network(options)
    program = make_program(network)
    samples = chosen_samples(options, network)
    simulation = PassSimulation(PassBench(program.shape, CLOCK_HZ))
    recordings = [sample.read().addresses for sample in samples]
    runs = []
    for number, events in enumerate(bar(recordings, "pass engine", "recording")):
        (run,) = simulation.run(program, [[(events, ())]])
        if run.error != EngineError.NONE:
            raise ResultError(
                f"recording {samples[number].name}: the engine ended with {run.error.name} at "
                f"instruction {run.instruction}"
            )
        runs.append(run)
    with stage("fast engine"):
        traces = [engine.run(network, events) for events in recordings]
    result = _result(options, str(path), program, samples, runs, traces)
    (folder / "result.json").write_text(json.dumps(result.as_json(), indent=2) + "\n")
    return result, table(result, runs)


def _result(
    options: argparse.Namespace,
    path: str,
    program: Program,
    samples: Sequence[Sample],
    runs: Sequence[EngineRun],
    traces: Sequence[SampleTrace],
) -> PassResult:
    network = program.network
    found = [engine_traces(program, run, [0])[0] for run in runs]
    agreements = [Agreement.of(*pair) for pair in zip(found, traces, strict=True)]
    events = np.array(
        [[*(layer.events for layer in trace.layers), trace.readout_events] for trace in traces]
    )
    limits = []
    for run, counts in zip(runs, events.tolist(), strict=True):
        lists = split_lists(program, run.written, 1)
        limits.append(limit_clocks(program, counts, run.input_words, lists))
    passes = [len(steps.passes) for steps in program.layers]
    cycles, words = (sum(getattr(run, name) for run in runs) for name in ("cycles", "words"))
    labelled = [
        (sample.label, trace.class_index, int(np.argmax(mine.logits)))
        for sample, trace, mine in zip(samples, traces, found, strict=True)
        if sample.label != UNLABELLED
    ]

    def right(which: int) -> float | None:
        return float(np.mean([row[0] == row[which] for row in labelled])) if labelled else None

    return PassResult(
        dataset=options.dataset or "files",
        network=path,
        network_hash=network.hash,
        method=network.provenance.method,
        samples=len(samples),
        seed=options.seed,
        accuracy={"integer": right(1), "rtl": right(2)},
        agreement={
            name: _share([getattr(each, name) for each in agreements])
            for name in ("classes", "logits", "spikes", "membranes")
        },
        events_in=float(np.mean(events[:, 0] + [trace.dropped for trace in traces])),
        weights=sum(edge.weight.size for layer in network.layers for edge in layer.edges),
        passes=program.passes,
        events_per_layer=dict(
            zip([layer.name for layer in network.layers], events.mean(axis=0).tolist(), strict=True)
        ),
        cycles_per_sample=cycles / len(runs),
        limit_cycles_per_sample=float(np.mean(limits)),
        cycles_over_limit=cycles / sum(limits),
        lanes_busy=sum(run.steps for run in runs) / cycles,
        sdram_bytes_per_event=2 * words / max(1, int((events @ passes).sum())),
        clock_hz=CLOCK_HZ,
        recordings_per_second_predicted=CLOCK_HZ * len(runs) / cycles,
        simulated_cycles_per_second=cycles / sum(run.seconds for run in runs),
        versions=versions(),
    )


def _share(equal: Sequence[bool | tuple[bool, ...]]) -> float:
    """Share of what is equal; 1.0 where there is nothing to compare."""
    flat = np.array(equal, np.bool_).reshape(-1)
    return float(flat.mean()) if len(flat) else 1.0
