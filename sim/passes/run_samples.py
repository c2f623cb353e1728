"""Run of samples through the pass engine: from options to the files of a run."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from tickless.errors import InputError, ResultError
from tickless.gen.options import MEASURED_SAMPLES, design_name
from tickless.gen.passes.program import Program, make_program
from tickless.progress import stage
from tickless.sim.passes.batch import BatchOutcome, run_batch
from tickless.sim.passes.bench import PassBench
from tickless.sim.passes.result import PassResult, table
from tickless.sim.passes.run import PassSimulation
from tickless.sim.result import versions
from tickless.sim.samples import chosen_network, chosen_samples
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.workers import run_tasks

__all__ = ["run_samples"]

CLOCK_HZ = 60_000_000

REFUSED = ("stalls", "waves", "cluster")
"""Options that only the other designs have."""


def run_samples(options: argparse.Namespace, folder: Path) -> tuple[PassResult, str]:
    """Run the recordings that the options ask for, in batches, and write ``result.json`` into a
    folder; returns the result and its text.

    Parameters
    ----------
    options : argparse.Namespace
        As `sim.command.add_options` makes them.

    Raises
    ------
    InputError
        If an option does not go with this engine, or the engine cannot compute the network.
    ResultError
        If the engine gives up all batches.
    """
    given = [*design_name(options), *(name for name in REFUSED if getattr(options, name, None))]
    if given:
        raise InputError(f"--engine sdram: expected no option of other designs: {', '.join(given)}")
    path, network = chosen_network(options)
    program = make_program(network)
    samples = chosen_samples(options, network)
    size = options.batch or 1
    batches = [samples[start : start + size] for start in range(0, len(samples), size)]
    simulation = PassSimulation(PassBench(program.shape, CLOCK_HZ))
    tasks = [(network, simulation, batch) for batch in batches]
    outcomes = list(
        run_tasks(run_batch, tasks, jobs=options.jobs, title="pass engine", unit="batch")
    )
    beside = None
    if options.beside is not None:
        # The descriptions of boards are an extra, which only designs for boards need.
        from tickless.gen.fpga.boards import BOARDS
        from tickless.sim.passes.on_chip import on_chip

        measured = [sample.read().addresses for sample in samples[:MEASURED_SAMPLES]]
        with stage("a core a layer beside it"):
            beside = on_chip(network, BOARDS[options.beside], measured)
    result = replace(_result(options, str(path), program, outcomes), on_chip=beside)
    (folder / "result.json").write_text(json.dumps(result.as_json(), indent=2) + "\n")
    return result, table(result)


def _result(
    options: argparse.Namespace, path: str, program: Program, outcomes: Sequence[BatchOutcome]
) -> PassResult:
    network = program.network
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    whole = [outcome for outcome in outcomes if outcome.error is None]
    if not whole:
        raise ResultError(errors[0])
    recordings = [each for outcome in whole for each in outcome.recordings]
    events = np.array([each.events for each in recordings])
    passes = [len(steps.passes) for steps in program.layers]
    cycles, words, steps, limit = (
        sum(getattr(outcome, name) for outcome in whole)
        for name in ("cycles", "words", "steps", "limit")
    )
    labelled = [each for each in recordings if each.label != UNLABELLED]

    def right(name: str) -> float | None:
        answers = [getattr(each, name) == each.label for each in labelled]
        return float(np.mean(answers)) if answers else None

    return PassResult(
        dataset=options.dataset or "files",
        network=path,
        network_hash=network.hash,
        method=network.provenance.method,
        samples=len(recordings),
        seed=options.seed,
        accuracy={"integer": right("integer_class"), "rtl": right("rtl_class")},
        agreement={
            name: _share([getattr(each.agreement, name) for each in recordings])
            for name in ("classes", "logits", "spikes", "membranes")
        },
        events_in=float(np.mean(events[:, 0] + [each.dropped for each in recordings])),
        weights=sum(edge.weight.size for layer in network.layers for edge in layer.edges),
        passes=program.passes,
        batch=options.batch or 1,
        errors=errors,
        events_per_layer=dict(
            zip([layer.name for layer in network.layers], events.mean(axis=0).tolist(), strict=True)
        ),
        cycles_per_sample=cycles / len(recordings),
        limit_cycles_per_sample=limit / len(recordings),
        cycles_over_limit=cycles / limit,
        lanes_busy=steps / cycles,
        sdram_bytes_per_event=2 * words / max(1, int((events @ passes).sum())),
        clock_hz=CLOCK_HZ,
        recordings_per_second_predicted=CLOCK_HZ * len(recordings) / cycles,
        latency_seconds_predicted=cycles / len(whole) / CLOCK_HZ,
        simulated_cycles_per_second=cycles / sum(outcome.seconds for outcome in whole),
        engine={**asdict(program.shape), "memories": dict(program.shape.memories)},
        on_chip=None,
        versions=versions(),
    )


def _share(equal: Sequence[bool | tuple[bool, ...]]) -> float:
    """Share of what is equal; 1.0 where there is nothing to compare."""
    flat = np.array(equal, np.bool_).reshape(-1)
    return float(flat.mean()) if len(flat) else 1.0
