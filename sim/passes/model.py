"""Engine model: what the pass engine does with a batch, layer by layer; its specification."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tickless.errors import ResultError
from tickless.gen.passes.program import Area, LayerSteps, Program
from tickless.host.event_lists import ListEvent, decode, encode_recordings
from tickless.hw.passes.words import Marker
from tickless.sim.passes.failure import overflow_text
from tickless.sim.passes.list_model import join, merge
from tickless.sim.passes.pass_model import PassRun, run_pass
from tickless.sw.integer.layer import Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import LayerTrace, SampleTrace

__all__ = ["BatchRun", "LayerRun", "ListOverflow", "Recording", "check_room", "run"]

Recording = tuple[np.ndarray, Sequence[int]]
"""Events, int32 ``[n, 3]``, and how many of them come before each READ."""


class ListOverflow(ResultError):
    """A list that is longer than its area in SDRAM; the message gives the numbers."""


@dataclass(frozen=True, eq=False)
class LayerRun:
    """What the engine does for a layer.

    Members
    -------
    source : list of int
        The list that its passes read.
    passes : list of PassRun
        One a pass.
    target : list of int
        The merged list; empty for the readout.
    """

    source: list[int]
    passes: list[PassRun]
    target: list[int]


@dataclass(frozen=True, eq=False)
class BatchRun:
    """What the engine does with a batch of recordings.

    Members
    -------
    layers : list of LayerRun
        One a layer.
    traces : list of SampleTrace
        One a recording, each equal to the golden model's. Events dropped are counted in the first.
    """

    layers: list[LayerRun]
    traces: list[SampleTrace]


def run(program: Program, recordings: Sequence[Recording]) -> BatchRun:
    """Run recordings in one batch.

    Raises
    ------
    ListOverflow
        If a list does not fit into its area.
    """
    network = program.network
    words, dropped = encode_recordings(recordings, network.input_shape)
    lists = {0: check_room(words, program.lists[0], "the input")}
    layers = []
    for steps, layer in zip(program.layers, network.layers, strict=True):
        where = f"layer {layer.name!r}"
        if steps.join is not None:
            joined = join(lists[steps.join.fork], lists[steps.join.path])
            lists[steps.source] = check_room(joined, program.lists[steps.source], where)
        source = lists[steps.source]
        passes = [run_pass(made, layer, source) for made in steps.passes]
        target: list[int] = []
        if steps.target is not None:
            tiles = [made.words for made in passes]
            check_room(
                [word for tile in tiles for word in tile], program.tiles, f"tiles of {where}"
            )
            target = merge(source, tiles, steps.index)
            lists[steps.target] = check_room(target, program.lists[steps.target], where)
        layers.append(LayerRun(source, passes, target))
    return BatchRun(layers, _traces(network, program.layers, layers, len(recordings), dropped))


def check_room(words: list[int], area: Area, where: str) -> list[int]:
    """The words of a list, `ListOverflow` if they do not fit into its area."""
    if len(words) > area.words:
        raise ListOverflow(
            f"the event list of {where}: {2 * len(words)} bytes: {overflow_text(area.words)}"
        )
    return words


def _traces(
    network: Network,
    steps: Sequence[LayerSteps],
    layers: Sequence[LayerRun],
    recordings: int,
    dropped: int,
) -> list[SampleTrace]:
    """Traces of all recordings, in the golden model's form."""
    spiking = [
        _layer_traces(layer, step, ran)
        for layer, step, ran in zip(network.layers[:-1], steps[:-1], layers[:-1], strict=True)
    ]
    readout = layers[-1]
    # Answers of all passes side by side are the logits of all classes.
    answers = iter(
        np.concatenate(rows) + network.initial_logits
        for rows in zip(*(p.answers for p in readout.passes), strict=True)
    )
    traces = []
    for number, markers in enumerate(_markers(readout.source)):
        logits = [next(answers).astype(np.int32) for _ in range(markers + 1)]
        traces.append(
            SampleTrace(
                layers=tuple(traced[number] for traced in spiking),
                logits=logits[-1],
                read_logits=np.array(logits[:-1], np.int32).reshape(-1, network.classes),
                readout_events=readout.passes[0].events[number],
                readout_sops=sum(made.sops[number] for made in readout.passes),
                saturations=0,
                dropped=dropped if number == 0 else 0,
            )
        )
    if len(traces) != recordings:
        raise ValueError(f"{len(traces)} ENDs: expected {recordings}")
    return traces


def _markers(words: Iterable[int]) -> Iterator[int]:
    """READs of each recording of a list."""
    reads = 0
    for token in decode(words):
        reads += token == Marker.READ
        if token == Marker.END:
            yield reads
            reads = 0


def _layer_traces(layer: Layer, steps: LayerSteps, ran: LayerRun) -> list[LayerTrace]:
    traces = []
    spikes: list[tuple[int, int, int]] = []
    reads: list[int] = []
    for token in decode(ran.target):
        if isinstance(token, ListEvent):
            spikes.append((token.channel, token.y, token.x))
        elif token == Marker.READ:
            reads.append(len(spikes))
        elif token == Marker.END:
            number = len(traces)
            membrane = np.zeros(layer.output_shape, np.int32)
            for made, one in zip(steps.passes, ran.passes, strict=True):
                rows, channels = made.rows, made.channels
                part = (slice(channels.start, channels.stop), slice(rows.start, rows.stop))
                membrane[part] = one.membranes[number]
            traces.append(
                LayerTrace(
                    spikes=np.array(spikes, np.int32).reshape(-1, 3),
                    read_positions=np.array(reads, np.int64),
                    membrane=membrane,
                    events=ran.passes[0].events[number],
                    sops=sum(one.sops[number] for one in ran.passes),
                )
            )
            spikes, reads = [], []
    return traces
