"""Result of a run of the pass engine: what its ``result.json`` holds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tickless.gen.passes.program import Program
from tickless.sim.passes.on_chip import OnChip
from tickless.sim.passes.traces import EngineTrace, Lists
from tickless.sw.integer.trace import SampleTrace

__all__ = ["Agreement", "PassResult", "limit_clocks", "table"]


@dataclass(frozen=True)
class Agreement:
    """One recording against the golden model, as `sim.compare.SampleComparison`.

    Members
    -------
    classes, logits : bool
        Whether class and logits are equal, at END and at each READ.
    spikes, membranes : tuple of bool
        Whether each spiking layer's list, and its membranes at END, are.
    """

    classes: bool
    logits: bool
    spikes: tuple[bool, ...]
    membranes: tuple[bool, ...]

    @classmethod
    def of(cls, found: EngineTrace, expected: SampleTrace) -> "Agreement":
        """Agreement of what an engine did with a trace."""
        layers = expected.layers
        return cls(
            int(np.argmax(found.logits)) == expected.class_index,
            np.array_equal(found.logits, expected.logits)
            and np.array_equal(found.read_logits, expected.read_logits),
            tuple(
                np.array_equal(spikes, layer.spikes) and np.array_equal(reads, layer.read_positions)
                for spikes, reads, layer in zip(
                    found.spikes, found.read_positions, layers, strict=True
                )
            ),
            tuple(
                np.array_equal(membrane, layer.membrane)
                for membrane, layer in zip(found.membranes, layers, strict=True)
            ),
        )


@dataclass(frozen=True)
class PassResult:
    """One run; a fraction of 1.0 is whole, counts are means per recording.

    Members
    -------
    dataset, network, network_hash, method, samples, seed, accuracy, agreement, events_in, versions
        As of `sim.result.Result`; ``accuracy`` is that of the integer network and of the RTL.
    weights : int
        Weights of the network.
    passes : int
        Passes of a batch.
    batch : int
        Recordings that a batch has at most: each pass runs all of them with the weights that it has
        loaded once.
    errors : sequence of str
        Batches that the engine gave up, and why; no figure counts them.
    events_per_layer : mapping
        Events that each layer takes, those of a shortcut included.
    cycles_per_sample : float
        Clocks of a whole program.
    limit_cycles_per_sample : float
        `limit_clocks`.
    lanes_busy : float
        Share of the clocks in which a step updates neurons.
    sdram_bytes_per_event : float
        Bytes to and from the SDRAM over the events of all passes.
    clock_hz : int
        Clock of engine and SDRAM that the prediction rests on.
    recordings_per_second_predicted : float
        At that clock, by the measured cycles.
    latency_seconds_predicted : float
        The same, from the first pass of a batch to its answers.
    simulated_cycles_per_second : float
        Of the simulator.
    engine : mapping
        `hw.passes.shape.EngineShape`, and the block RAMs of its large ``memories``.
    on_chip : OnChip or None
        A core a layer beside it, if that was asked for.
    """

    dataset: str
    network: str
    network_hash: str
    method: str
    samples: int
    seed: int
    accuracy: Mapping[str, float | None]
    agreement: Mapping[str, float]
    events_in: float
    weights: int
    passes: int
    batch: int
    errors: Sequence[str]
    events_per_layer: Mapping[str, float]
    cycles_per_sample: float
    limit_cycles_per_sample: float
    cycles_over_limit: float
    lanes_busy: float
    sdram_bytes_per_event: float
    clock_hz: int
    recordings_per_second_predicted: float
    latency_seconds_predicted: float
    simulated_cycles_per_second: float
    engine: Mapping[str, Any]
    on_chip: OnChip | None
    versions: Mapping[str, str]

    @property
    def agrees(self) -> bool:
        """Whether the RTL equals the golden model in everything, and gave up nothing."""
        return not self.errors and all(share == 1.0 for share in self.agreement.values())

    def as_json(self) -> dict[str, Any]:
        """The result as plain objects."""
        return asdict(self)


def limit_clocks(
    program: Program, events: Sequence[int], input_words: int, lists: Sequence[Lists]
) -> int:
    """Clocks that no engine of this program can do without: for each pass an event a clock, or a
    word of the SDRAM a clock, whichever takes longer; for each merge its words.

    Parameters
    ----------
    events : sequence of int
        Events that each layer takes.
    input_words : int
        Words of the batch's list.
    lists : sequence of Lists
        Of each layer.
    """
    clocks = 0
    sizes = {0: input_words}
    for steps, images, count, made in zip(
        program.layers, program.images, events, lists, strict=True
    ):
        if steps.join is not None and made.joined is not None:
            sizes[steps.source] = len(made.joined)
            clocks += sizes[steps.join.fork] + sizes[steps.join.path] + len(made.joined)
        read = sizes[steps.source]
        for image, tile in zip(images, made.tiles, strict=True):
            clocks += max(count, len(image) + read + len(tile))
        if steps.target is not None and made.target is not None:
            sizes[steps.target] = len(made.target)
            clocks += read + sum(map(len, made.tiles)) + len(made.target)
    return clocks


def table(result: PassResult) -> str:
    """Result as text for a terminal."""

    def share(value: float | None) -> str:
        return "      -" if value is None else f"{100 * value:6.2f}%"

    def line(values: Mapping[str, float | None]) -> str:
        return "   ".join(f"{name} {share(value)}" for name, value in values.items())

    width = max(map(len, result.events_per_layer))
    return "\n".join(
        [
            f"{result.dataset}: {result.samples} recordings, {result.events_in:,.0f} events each; "
            f"{result.weights:,} weights in {result.passes} passes, recordings in batches of "
            f"{result.batch}",
            "",
            f"agreement with the golden model   {line(result.agreement)}",
            f"accuracy   {line(result.accuracy)}",
            "",
            *(
                f"{name:{width}}{count:14,.0f} events"
                for name, count in result.events_per_layer.items()
            ),
            "",
            f"{result.cycles_per_sample:,.0f} cycles a recording, {result.cycles_over_limit:.2f} "
            f"times the limit ({result.limit_cycles_per_sample:,.0f}); neurons are updated in "
            f"{100 * result.lanes_busy:.1f}% of them",
            f"{result.sdram_bytes_per_event:.2f} bytes of SDRAM an event; "
            f"{result.recordings_per_second_predicted:.2f} recordings/s predicted at "
            f"{result.clock_hz / 1e6:g} MHz, answers {result.latency_seconds_predicted:.3g} s "
            "behind a batch's start",
            f"simulated at {result.simulated_cycles_per_second:,.0f} cycles/s",
            *_beside(result),
            *result.errors,
        ]
    )


def _beside(result: PassResult) -> list[str]:
    """Lines on a core a layer beside the engine."""
    other = result.on_chip
    if other is None:
        return []
    title = f"a core a layer on {other.board}"
    if other.cycles_per_sample is None:
        return ["", f"{title}: {other.refusal}"]
    rows = [
        ("", "pass engine", "a core a layer"),
        ("cycles a recording", result.cycles_per_sample, other.cycles_per_sample),
        (
            "recordings/s",
            result.recordings_per_second_predicted,
            result.clock_hz / max(1.0, other.cycles_per_sample),
        ),
        ("block RAMs", sum(result.engine["memories"].values()), other.block_rams),
    ]
    cells = [
        [value if isinstance(value, str) else f"{value:,.0f}" for value in row] for row in rows
    ]
    return [
        "",
        f"{title}, folded to fit, {other.logic_cells:,.0f} cells of logic, by estimate; block RAMs "
        "of the engine's weights and membranes alone:",
        *(f"{name:20}{engine:>16}{chip:>16}" for name, engine, chip in cells),
    ]
