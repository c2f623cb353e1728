"""Traces of an engine's run: from the words that it wrote to the golden model's form."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tickless.gen.passes.program import LayerSteps, Program
from tickless.gen.passes.tile import Pass
from tickless.host.event_lists import ListEvent, decode
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import Marker
from tickless.sim.passes.run import EngineRun

__all__ = ["EngineTrace", "Lists", "engine_traces", "split_lists", "tile_membranes"]


@dataclass(frozen=True, eq=False)
class Lists:
    """Lists of a layer, as words.

    Members
    -------
    joined : numpy.ndarray or None
        Of a layer with two edges: the list that its passes read.
    tiles : list of numpy.ndarray
        One a pass; of a readout its answers.
    target : numpy.ndarray or None
        The merged list; None for a readout.
    """

    joined: np.ndarray | None
    tiles: list[np.ndarray]
    target: np.ndarray | None


@dataclass(frozen=True, eq=False)
class EngineTrace:
    """What an engine did with one recording; members as of `sw.integer.trace`."""

    spikes: tuple[np.ndarray, ...]
    read_positions: tuple[np.ndarray, ...]
    membranes: tuple[np.ndarray, ...]
    logits: np.ndarray
    read_logits: np.ndarray


def split_lists(program: Program, written: np.ndarray, answers: int) -> list[Lists]:
    """Lists of each layer, of all that an engine wrote.

    Parameters
    ----------
    written : numpy.ndarray
        uint16: the words, in order.
    answers : int
        READs and ENDs of the batch.

    Raises
    ------
    ValueError
        If a list has no end, or words are left.
    """
    ends = np.flatnonzero(written == Marker.STOP) + 1
    place = 0

    def until_stop() -> np.ndarray:
        nonlocal place
        start, number = place, np.searchsorted(ends, place, "right")
        if number == len(ends):
            raise ValueError(f"word {place}: a list without end")
        place = int(ends[number])
        return written[start:place]

    layers = []
    for steps in program.layers:
        joined = None if steps.join is None else until_stop()
        if steps.target is not None:
            tiles = [until_stop() for _ in steps.passes]
            layers.append(Lists(joined, tiles, until_stop()))
            continue
        tiles = []
        for _ in steps.passes:
            end = place + 2 * program.shape.lanes * answers
            tiles.append(written[place:end])
            place = end
        layers.append(Lists(joined, tiles, None))
    if place != len(written):
        raise ValueError(f"{len(written)} words: expected {place}")
    return layers


def tile_membranes(shape: EngineShape, made: Pass, width: int, swept: np.ndarray) -> np.ndarray:
    """Membranes ``[channels, rows, columns]`` of a tile.

    Parameters
    ----------
    width : int
        Columns of the layer.
    swept : numpy.ndarray
        uint64: what a sweep found.
    """
    bits = np.unpackbits(
        swept.reshape(made.bank_words, -1).view(np.uint8), axis=1, bitorder="little"
    )
    values = bits[:, : GRID * GRID * shape.membrane_word_bits].reshape(-1, shape.membrane_bits)
    unsigned = values.astype(np.int64) @ (1 << np.arange(shape.membrane_bits))
    signed = unsigned - (unsigned >> shape.membrane_bits - 1 << shape.membrane_bits)
    banks = signed.reshape(made.bank_words, GRID * GRID, shape.lanes)
    rows, columns = np.arange(len(made.rows))[:, None], np.arange(width)
    word = rows // GRID * made.bank_columns + columns // GRID
    bank = (rows + made.rows.start) % GRID * GRID + columns % GRID
    return banks[word, bank, : len(made.channels)].transpose(2, 0, 1)


def engine_traces(program: Program, run: EngineRun, reads: list[int]) -> list[EngineTrace]:
    """Traces of the recordings of a batch.

    Parameters
    ----------
    run : EngineRun
        A run without error.
    reads : list of int
        READs of each recording.

    Raises
    ------
    ValueError
        If what was written, or swept, is less or more than the program says.
    """
    lists = split_lists(program, run.written, sum(reads) + len(reads))
    *spiking, readout = lists
    spikes = [_spikes(layer.target) for layer in spiking if layer.target is not None]
    for name, layer in zip(program.network.layers, spikes, strict=False):
        if len(layer) != len(reads):
            raise ValueError(f"{len(layer)} ENDs of {name.name}: expected {len(reads)}")
    membranes = _membranes(program, run.swept, len(reads))
    lanes = program.shape.lanes
    answers = np.concatenate(
        [
            tile.view("<i4").reshape(-1, lanes)[:, : len(made.channels)]
            for tile, made in zip(readout.tiles, program.layers[-1].passes, strict=True)
        ],
        axis=1,
    )
    answers = answers + program.network.initial_logits
    traces, first = [], 0
    for number, count in enumerate(reads):
        own = answers[first : first + count + 1]
        first += count + 1
        traces.append(
            EngineTrace(
                tuple(layer[number][0] for layer in spikes),
                tuple(layer[number][1] for layer in spikes),
                tuple(layer[number] for layer in membranes),
                own[-1],
                own[:-1],
            )
        )
    return traces


def _spikes(words: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Spikes, and how many come before each READ, of each recording of a list."""
    recordings = []
    spikes: list[tuple[int, int, int]] = []
    reads: list[int] = []
    for token in decode(words.tolist()):
        if isinstance(token, ListEvent):
            spikes.append((token.channel, token.y, token.x))
        elif token == Marker.READ:
            reads.append(len(spikes))
        elif token == Marker.END:
            made = np.array(spikes, np.int32).reshape(-1, 3)
            recordings.append((made, np.array(reads, np.int64)))
            spikes, reads = [], []
    return recordings


def _membranes(program: Program, swept: np.ndarray, recordings: int) -> list[list[np.ndarray]]:
    """Membranes of each spiking layer, by recording."""
    layers, place = [], 0
    for layer, steps in zip(program.network.layers[:-1], program.layers, strict=False):
        made = [np.zeros(layer.output_shape, np.int32) for _ in range(recordings)]
        for each, found in _sweeps(program.shape, steps, recordings, place, swept):
            place += len(found)
            part = (
                slice(each[0].channels.start, each[0].channels.stop),
                slice(each[0].rows.start, each[0].rows.stop),
            )
            width = layer.output_shape[2]
            made[each[1]][part] = tile_membranes(program.shape, each[0], width, found)
        layers.append(made)
    if place != len(swept):
        raise ValueError(f"{len(swept)} words of membranes: expected {place}")
    return layers


def _sweeps(
    shape: EngineShape, steps: LayerSteps, recordings: int, place: int, swept: np.ndarray
) -> Iterable[tuple[tuple[Pass, int], np.ndarray]]:
    """Pass and recording of each sweep of a layer, and its words."""
    per_word = -(-GRID * GRID * shape.membrane_word_bits // 64)
    for made in steps.passes:
        for recording in range(recordings):
            end = place + made.bank_words * per_word
            yield (made, recording), swept[place:end]
            place = end
