"""Pass model: what one pass of the engine does; the specification of `hw.passes.core`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tickless.gen.passes.tile import Pass
from tickless.host.event_lists import ListEvent, ListWriter, decode
from tickless.hw.passes.shape import GRID
from tickless.hw.passes.words import Marker
from tickless.sw.integer.layer import Layer

__all__ = ["PassRun", "run_pass"]


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
