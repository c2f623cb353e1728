"""Pass model: what a pass engine does, list by list; the specification of its hardware."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tickless.errors import ResultError
from tickless.gen.passes.program import Area, IndexFrom, LayerSteps, Program
from tickless.gen.passes.tile import Pass
from tickless.host.event_lists import ListEvent, ListWriter, Token, decode, encode_recordings
from tickless.hw.passes.shape import GRID
from tickless.hw.passes.words import Marker
from tickless.sw.integer.layer import Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import LayerTrace, SampleTrace

__all__ = ["BatchRun", "LayerRun", "ListOverflow", "join", "merge", "run", "run_pass"]

Recording = tuple[np.ndarray, Sequence[int]]
"""Events, int32 ``[n, 3]``, and how many of them come before each READ."""


class ListOverflow(ResultError):
    """A list that is longer than its area in SDRAM; the message gives the numbers."""


@dataclass(frozen=True, eq=False)
class PassRun:
    """What a pass does with a batch.

    Members
    -------
    words : list of int
        The list of its spikes, each with the index of the event that made it.
    membranes : list of numpy.ndarray
        int64 ``[channels, rows, columns]`` at each END; logits of the readout, ``[channels]``.
    answers : list of numpy.ndarray
        Logits at each READ and END; of the readout alone.
    events, sops : list of int
        Events, and synaptic operations, up to each END.
    steps : int
        Steps of all events: words of weights that are read.
    """

    words: list[int]
    membranes: list[np.ndarray]
    answers: list[np.ndarray]
    events: list[int]
    sops: list[int]
    steps: int


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
    lists = {0: _fits(words, program.lists[0], "the input")}
    layers = []
    for steps, layer in zip(program.layers, network.layers, strict=True):
        where = f"layer {layer.name!r}"
        if steps.join is not None:
            joined = join(lists[steps.join.fork], lists[steps.join.path])
            lists[steps.source] = _fits(joined, program.lists[steps.source], where)
        source = lists[steps.source]
        passes = [run_pass(made, layer, source) for made in steps.passes]
        target: list[int] = []
        if steps.target is not None:
            tiles = [made.words for made in passes]
            _fits([word for tile in tiles for word in tile], program.tiles, f"tiles of {where}")
            target = merge(source, tiles, steps.index)
            lists[steps.target] = _fits(target, program.lists[steps.target], where)
        layers.append(LayerRun(source, passes, target))
    return BatchRun(layers, _traces(network, program.layers, layers, len(recordings), dropped))


def run_pass(made: Pass, layer: Layer, source: Iterable[int]) -> PassRun:
    """Run a pass over a list of events."""
    lanes = made.weights.shape[-1]
    state = _Readout(lanes) if layer.is_readout else _Banks(made, layer)
    out = ListWriter()
    membranes: list[np.ndarray] = []
    answers: list[np.ndarray] = []
    events, sops = [0], [0]
    last, steps = -1, 0
    for token in decode(source):
        if isinstance(token, ListEvent):
            # In a joined list an index begins with the fork's event.
            edge = int(len(made.edges) > 1 and token.index != last)
            last = token.index
            for update in _updates(made, edge, token):
                steps += 1
                sops[-1] += update.sops
                for channel, y, x in state.update(update):
                    out.event(channel, y, x, events[-1])
            events[-1] += 1
            continue
        if layer.is_readout and token != Marker.STOP:
            answers.append(state.values(made).copy())
        if token == Marker.END:
            membranes.append(state.values(made).copy())
            state.clear()
            events.append(0)
            sops.append(0)
            last = -1
        if token != Marker.READ:
            out.marker(token)
    return PassRun(out.words, membranes, answers, events[:-1], sops[:-1], steps)


def merge(source: Iterable[int], tiles: Sequence[Iterable[int]], index: IndexFrom) -> list[int]:
    """Merge the lists of a layer's tiles into one, by event, position and tile: golden order.

    Parameters
    ----------
    source : iterable of int
        The list that the passes read: its READs and ENDs go over, and its index may.
    tiles : sequence of iterable of int
        The tiles' lists.
    index : str
        Index that the merged list carries.
    """
    out = ListWriter()
    heads = [_Head(decode(tile)) for tile in tiles]
    number = 0
    for token in decode(source):
        if isinstance(token, ListEvent):
            carried = {"none": -1, "event": number, "source": token.index}[index]
            here = [(head.take(number), tile) for tile, head in enumerate(heads)]
            keyed = [[(e.y, e.x, tile, e) for e in events] for events, tile in here]
            for y, x, _, event in heapq.merge(*keyed, key=lambda item: item[:3]):
                out.event(event.channel, y, x, carried)
            number += 1
            continue
        out.marker(token)
        if token != Marker.READ:
            number = 0
            for head in heads:
                head.take_marker(token)
    return out.words


def join(fork: Iterable[int], path: Iterable[int]) -> list[int]:
    """Merge the list of a fork into that of the longer path, whose index is that of the fork's
    events: behind each of these comes what the path made of it. The joined list has that index."""
    out, head = ListWriter(), _Head(decode(path))
    number = -1
    for token in decode(fork):
        for event in head.take(number) if number >= 0 else ():
            out.event(event.channel, event.y, event.x, number)
        head.skip_reads()
        if isinstance(token, ListEvent):
            number += 1
            out.event(token.channel, token.y, token.x, number)
            continue
        out.marker(token)
        if token != Marker.READ:
            number = -1
            head.take_marker(token)
    return out.words


class _Head:
    """Reader of a list whose events wait for their turn."""

    def __init__(self, tokens: Iterator[Token]):
        self._tokens = tokens
        self._next = next(tokens)

    def take(self, index: int) -> list[ListEvent]:
        """Events of an index; none has a lower one. READs among them are passed over."""
        events = []
        while True:
            self.skip_reads()
            token = self._next
            if not isinstance(token, ListEvent) or token.index > index:
                return events
            if token.index < index:
                raise ValueError(f"{token} waits while events of index {index} are taken")
            events.append(token)
            self._advance()

    def skip_reads(self) -> None:
        while self._next == Marker.READ:
            self._advance()

    def take_marker(self, marker: Marker) -> None:
        self.skip_reads()
        if self._next != marker:
            raise ValueError(f"{self._next} waits: expected {marker!r}")
        self._advance()

    def _advance(self) -> None:
        self._next = next(self._tokens, Marker.STOP)


@dataclass(frozen=True, eq=False)
class _Update:
    """A step: what it adds in which banks.

    Members
    -------
    weights : numpy.ndarray
        int64 ``[GRID, GRID, lanes]``: the weight word.
    lanes : numpy.ndarray
        bool ``[lanes]``.
    places : list of tuple
        Position ``(y, x)``, word of its bank, and taps (row, column), in row-major order.
    """

    weights: np.ndarray
    lanes: np.ndarray
    places: list[tuple[int, int, int, int, int]]

    @property
    def sops(self) -> int:
        return len(self.places) * int(self.lanes.sum())


def _updates(made: Pass, edge: int, event: ListEvent) -> Iterator[_Update]:
    """Steps of an event."""
    tables = made.edges[edge]
    base = int(tables.bases[event.channel])
    if base < 0:
        return
    for row in tables.rows[event.y]:
        for column in tables.columns[event.x]:
            places = []
            for i in range(GRID):
                y = row.first + i
                bank_row = row.banks[y % GRID]
                for j in range(GRID):
                    x = column.first + j
                    bank_column = column.banks[x % GRID]
                    if bank_row is not None and bank_column is not None:
                        word = bank_row.line * made.bank_columns + bank_column.line
                        places.append((y, x, word, bank_row.tap, bank_column.tap))
            word = base + row.block * tables.column_blocks + column.block
            yield _Update(made.weights[word], tables.lanes[event.channel], places)


class _Banks:
    """Membrane banks of a pass."""

    def __init__(self, made: Pass, layer: Layer):
        self._made, self._layer = made, layer
        self._membranes = np.zeros((GRID, GRID, made.bank_words, made.weights.shape[-1]), np.int64)

    def update(self, update: _Update) -> Iterator[tuple[int, int, int]]:
        """Spikes ``(channel, y, x)`` of a step, in order."""
        made, layer = self._made, self._layer
        for y, x, word, row, column in update.places:
            membrane = self._membranes[y % GRID, x % GRID, word]
            total = membrane + update.weights[row, column]
            fired = (total >= made.thresholds) & update.lanes
            left = 0 if layer.reset == "zero" else total - made.thresholds
            total = np.clip(np.where(fired, left, total), made.floors, layer.ceil)
            membrane[update.lanes] = total[update.lanes]
            for lane in fired.nonzero()[0].tolist():
                yield made.channels.start + lane, y, x

    def values(self, made: Pass) -> np.ndarray:
        """Membranes ``[channels, rows, columns]`` of the tile."""
        width = self._layer.output_shape[2]
        rows, columns = np.arange(len(made.rows))[:, None], np.arange(width)
        word = rows // GRID * made.bank_columns + columns // GRID
        taken = self._membranes[(rows + made.rows.start) % GRID, columns % GRID, word]
        return taken[..., : len(made.channels)].transpose(2, 0, 1)

    def clear(self) -> None:
        self._membranes[:] = 0


class _Readout:
    """Logits of a pass. They cannot saturate: a list has fewer than 2**24 events, a weight at most
    8 bits."""

    def __init__(self, lanes: int):
        self._logits = np.zeros(lanes, np.int64)

    def update(self, update: _Update) -> Iterator[tuple[int, int, int]]:
        for *_, row, column in update.places:
            self._logits += update.weights[row, column] * update.lanes
        return iter(())

    def values(self, made: Pass) -> np.ndarray:
        return self._logits[: len(made.channels)]

    def clear(self) -> None:
        self._logits[:] = 0


def _fits(words: list[int], area: Area, where: str) -> list[int]:
    if len(words) > area.words:
        raise ListOverflow(
            f"the event list of {where}: {2 * len(words)} bytes: expected at most "
            f"{2 * area.words}, its part of the SDRAM; fewer recordings in a batch, or shorter "
            "ones, take less"
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
        np.concatenate(rows) for rows in zip(*(p.answers for p in readout.passes), strict=True)
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
