"""Summary: from the outcomes of all shards to the result of a run."""

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np

from tickless.sim.compare import overall
from tickless.sim.experiment import Experiment
from tickless.sim.records import CoreCounts
from tickless.sim.result import (
    Result,
    confusion_matrix,
    core_results,
    early_exit_result,
    layer_results,
    versions,
)
from tickless.sim.sample_row import SampleRow
from tickless.sim.shard import ShardOutcome
from tickless.sim.traffic import mesh_result
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.data.losses import Lost, dropped_text

__all__ = ["summarize"]


def summarize(
    experiment: Experiment, dataset: str, network: str, outcomes: Sequence[ShardOutcome]
) -> Result:
    """Result of a run.

    Parameters
    ----------
    dataset, network : str
        Names of data set and network file.
    outcomes : sequence of ShardOutcome
        At least one, in order.
    """
    rows = [row for outcome in outcomes for row in outcome.rows]
    count, config = len(rows), experiment.config
    counters = _sum([outcome.counters for outcome in outcomes])
    cycles = sum(outcome.cycles for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    limit = float(np.mean([row.limit_cycles for row in rows]))
    mesh = None
    if config.mesh is not None:
        passed = [outcome.traffic for outcome in outcomes if outcome.traffic is not None]
        mesh = mesh_result(config.mesh, reduce(add, passed), count)
    agreement = overall([row.comparison for row in rows])
    latency = [row.latency_cycles for row in rows]
    return Result(
        dataset=dataset,
        network=network,
        network_hash=experiment.network.hash,
        method=experiment.network.provenance.method,
        samples=count,
        test_samples=sum(row.of_test_set for row in rows),
        seed=experiment.seed,
        stalls=experiment.stalls,
        accuracy=_accuracy(rows, outcomes),
        agreement={
            name: getattr(agreement, name) for name in ("classes", "logits", "spikes", "membranes")
        },
        spike_difference=_spike_difference(outcomes),
        events_in=float(np.mean([row.events for row in rows])),
        events_dropped=float(np.mean([row.dropped for row in rows])),
        dropped_warning=dropped_text(Lost(row.name, row.events, row.dropped) for row in rows),
        layers=layer_results([layer.name for layer in experiment.network.layers], rows),
        cores=core_results(config.cores, counters, count, cycles),
        mesh=mesh,
        loads={
            name: sum(outcome.load_counters[name] for outcome in outcomes)
            for name in outcomes[0].load_counters
        },
        early_exit=(
            None
            if experiment.margin is None
            else early_exit_result(experiment.margin, rows, counters)
        ),
        confusion=confusion_matrix(
            [(row.label, row.class_index) for row in rows if row.label != UNLABELLED],
            experiment.network.classes,
        ),
        cycles_per_sample=cycles / count,
        limit_cycles_per_sample=limit,
        cycles_over_limit=cycles / count / limit,
        latency_cycles=float(np.mean(latency)),
        latency_cycles_max=max(latency),
        simulated_cycles_per_second=cycles / seconds,
        samples_per_second=count / seconds,
        versions=versions(),
    )


def _sum(counters: Sequence[Sequence[CoreCounts]]) -> list[CoreCounts]:
    """Counters of each core over all shards."""
    return [
        CoreCounts(
            shards[0].name,
            sum(shard.samples for shard in shards),
            {name: sum(shard.values[name] for shard in shards) for name in shards[0].values},
        )
        for shards in zip(*counters, strict=True)
    ]


def _accuracy(
    rows: Sequence[SampleRow], outcomes: Sequence[ShardOutcome]
) -> dict[str, float | None]:
    labelled = [row for row in rows if row.label != UNLABELLED]

    def share(classes: list[int | None]) -> float | None:
        if not labelled or None in classes:
            return None
        right = sum(row.label == c for row, c in zip(labelled, classes, strict=True))
        return right / len(labelled)

    in_steps = [o.right_in_steps for o in outcomes if o.right_in_steps is not None]
    return {
        "time_stepped": sum(in_steps) / len(labelled) if in_steps else None,
        "float_events": share([row.float_class for row in labelled]),
        "integer": share([row.integer_class for row in labelled]),
        "rtl": share([row.class_index for row in labelled]),
    }


def _spike_difference(outcomes: Sequence[ShardOutcome]) -> float | None:
    counts = [outcome.spike_difference for outcome in outcomes]
    known = [pair for pair in counts if pair is not None]
    if len(known) < len(counts):
        return None
    different, total = (sum(values) for values in zip(*known, strict=True))
    return different / total if total else None
