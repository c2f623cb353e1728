"""Run of samples: from options to the files of a run, shard by shard."""

import argparse
import json
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tickless.errors import InputError
from tickless.gen.activity import measure_activity
from tickless.gen.options import MEASURED_SAMPLES, design_request
from tickless.gen.plan import plan
from tickless.progress import stage
from tickless.sim.experiment import Experiment
from tickless.sim.report import write_report
from tickless.sim.report_sample import ReportSample
from tickless.sim.result import Result
from tickless.sim.samples import SHARD_SAMPLES, Sample, chosen_network, chosen_samples
from tickless.sim.shard import DRAWN, CarriedShards, ShardOutcome, run_shard
from tickless.sim.summary import summarize
from tickless.sim.wave_run import WaveRequest, run_with_waves, wave_request
from tickless.sw.checkpoint_file import CheckpointFile, beside
from tickless.sw.data.catalog import names_of_answers
from tickless.sw.data.losses import DroppedWarning
from tickless.sw.integer.network import Network
from tickless.sw.workers import run_tasks

__all__ = ["run_samples"]

FILES = "files"
"""Stands for the data set of a run of files."""


def run_samples(options: argparse.Namespace, folder: Path) -> tuple[Result, str | None]:
    """Stream the samples that the options ask for, and write ``result.json``, ``samples.jsonl`` and
    ``report.html`` into a folder; returns the result and the first difference, if any.

    Parameters
    ----------
    options : argparse.Namespace
        As `sim.command.add_options` makes them.
    """
    path, network = chosen_network(options)
    samples = chosen_samples(options, network)
    # What the classes are called, files do not say.
    dataset = options.dataset or network.provenance.dataset
    waves = wave_request(options, network)
    request = design_request(options)
    activity = None
    if request.needs_activity:
        with stage("measuring the network's activity"):
            measured = [sample.read().addresses for sample in samples[:MEASURED_SAMPLES]]
            activity = measure_activity(network, measured)
    config = plan(network, request, activity)
    built = None
    if options.load is not None:
        path, built, network = options.load, network, Network.load(options.load)
    checkpoint = CheckpointFile.beside(path)
    if checkpoint is None:
        print(f"{beside(path)}: not there, so no figures of the float network", file=sys.stderr)
    if waves is not None:
        samples = _chosen(samples, options.waves)
    experiment = Experiment(
        network,
        config,
        options.seed,
        options.stalls,
        checkpoint,
        built,
        waves=waves is not None,
    )
    outcomes: list[ShardOutcome] = []
    drawn: list[ReportSample] = []
    rows: list[dict[str, Any]] = []
    difference = None
    with (folder / "samples.jsonl").open("w") as file:
        for outcome in _outcomes(experiment, samples, folder, options, waves):
            drawn += outcome.drawn[: DRAWN - len(drawn)]
            for row in outcome.rows:
                rows.append(row.as_json())
                file.write(json.dumps(rows[-1]) + "\n")
                difference = difference or row.comparison.difference
            # Rasters are large; the report has room for a few.
            outcomes.append(replace(outcome, drawn=()))
    result = summarize(experiment, options.dataset or FILES, str(path), outcomes)
    if result.dropped_warning is not None:
        warnings.warn(result.dropped_warning, DroppedWarning, stacklevel=2)
    (folder / "result.json").write_text(json.dumps(result.as_json(), indent=2) + "\n")
    with stage("writing the report"):
        command = shlex.join(["tickless", *sys.argv[1:]])
        names = names_of_answers(dataset, network.classes)
        write_report(folder / "report.html", result, network, rows, drawn, command, names)
    return result, difference


def _outcomes(
    experiment: Experiment,
    samples: Sequence[Sample],
    folder: Path,
    options: argparse.Namespace,
    waves: WaveRequest | None,
) -> Iterator[ShardOutcome]:
    """What each shard came to, in order."""
    if waves is not None:
        return iter([run_with_waves(experiment, samples[0], folder, waves)])
    shards = [
        samples[start : start + SHARD_SAMPLES] for start in range(0, len(samples), SHARD_SAMPLES)
    ]
    if options.cluster is None and len(shards) == 1:
        return iter([run_shard(experiment, shards[0], folder)])
    # Built here, once, before others need it.
    simulation = experiment.simulation()
    if options.cluster is None:
        tasks = [(experiment, shard, folder) for shard in shards]
    else:
        tasks = CarriedShards(experiment, shards, simulation.verilog)
    return run_tasks(
        run_shard,
        tasks,
        jobs=options.jobs,
        cluster=options.cluster,
        title="shards of samples",
        unit="shard",
        modules=() if experiment.checkpoint is None else ("tickless.sim.float_network",),
    )


def _chosen(samples: Sequence[Sample], index: int) -> list[Sample]:
    if not 0 <= index < len(samples):
        raise InputError(f"waves = {index}: expected a sample of the run, 0..{len(samples) - 1}")
    return [replace(samples[index], index=0)]
