"""Program of a pass engine: its passes in order, and where everything lies in SDRAM."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from tickless.errors import InputError
from tickless.gen.passes.image import pass_image
from tickless.gen.passes.tile import Pass, layer_passes
from tickless.hw.passes.instructions import INSTRUCTION_WORDS
from tickless.hw.passes.shape import EngineShape
from tickless.hw.passes.words import CHANNEL_BITS, COORDINATE_BITS, INDEX_BITS
from tickless.sw.integer.network import Network

__all__ = ["ENGINES", "Area", "IndexFrom", "Join", "LayerSteps", "Program", "make_program"]

SDRAM_WORDS = 1 << 24
"""16-bit words of a ULX3S's SDRAM: 32 MB."""

ENGINES = (EngineShape(), EngineShape(weight_words=1024))
"""Engines for which a ULX3S 85F has block RAM and logic cells, which 32 lanes are too many for. A
network takes the first one that can compute it."""

LEAST_LIST_WORDS = 1 << 12
"""Fewest words of a list that a program is made for."""

ANSWER_WORDS = 1 << 14
"""Words for the logits of all READs and ENDs of a batch, two for each."""

LARGEST_INITIAL_LOGIT = (1 << 30) - 1
"""As much as a list of 2^23 events leaves below 32 bits, with weights of 8."""

IndexFrom = Literal["none", "event", "source"]
"""Index that a merged list carries: none; the number of the event that made the spike; the index
that the source gives that event."""


@dataclass(frozen=True)
class Area:
    """Part of the SDRAM, in 16-bit words.

    Members
    -------
    start, words : int
        First word, and how many there are.
    """

    start: int
    words: int


@dataclass(frozen=True)
class Join:
    """Merge of a fork's list into that of the longer path, before the passes of the layer behind.

    Members
    -------
    fork, path : int
        Numbers of their lists.
    """

    fork: int
    path: int


@dataclass(frozen=True, eq=False)
class LayerSteps:
    """What the engine does for one layer.

    Members
    -------
    join : Join or None
        What makes the layer's own list of events, with two edges.
    source : int
        Number of the list that its passes read.
    passes : tuple of Pass
        Its passes, in order.
    target : int or None
        Number of the list into which their spikes are merged; None for the readout.
    index : str
        Index that this list carries.
    """

    join: Join | None
    source: int
    passes: tuple[Pass, ...]
    target: int | None
    index: IndexFrom


@dataclass(frozen=True, eq=False)
class Program:
    """Program that computes a network, one recording after the other or several in a batch.

    Members
    -------
    shape : EngineShape
        The engine.
    network : Network
        The network.
    layers : tuple of LayerSteps
        In order.
    images : tuple of tuple of numpy.ndarray
        Image of each pass of each layer, see `gen.passes.image`.
    lists : tuple of Area
        Where the lists lie, by their numbers; that of the input is 0.
    tiles : Area
        Where the lists of a layer's tiles lie, one behind the other.
    code : Area
        Instructions, see `gen.passes.instructions`.
    answers : Area
        Logits of the readout.
    """

    shape: EngineShape
    network: Network
    layers: tuple[LayerSteps, ...]
    images: tuple[tuple[np.ndarray, ...], ...]
    lists: tuple[Area, ...]
    tiles: Area
    code: Area
    answers: Area

    @cached_property
    def image_starts(self) -> tuple[tuple[int, ...], ...]:
        """First word of each image; they lie one behind the other from word 0."""
        starts, end = [], 0
        for images in self.images:
            row = []
            for image in images:
                row.append(end)
                end += len(image)
            starts.append(tuple(row))
        return tuple(starts)

    @property
    def image_words(self) -> int:
        """16-bit words of all images."""
        return sum(len(image) for images in self.images for image in images)

    @property
    def passes(self) -> int:
        """Passes of all layers."""
        return sum(len(steps.passes) for steps in self.layers)


def make_program(
    network: Network, shape: EngineShape | None = None, sdram_words: int = SDRAM_WORDS
) -> Program:
    """Program of a network.

    Parameters
    ----------
    network : Network
        Integer network.
    shape : EngineShape, optional
        The engine; by default one of `ENGINES`.
    sdram_words : int
        16-bit words of the SDRAM.

    Raises
    ------
    InputError
        If the engine cannot compute a layer, or the SDRAM cannot hold the network and lists; the
        message gives the numbers.
    """
    _check_addresses(network)
    _check_logits(network)
    shape, passes = _passes(network, ENGINES if shape is None else (shape,))
    images = tuple(
        tuple(pass_image(shape, layer, made) for made in of_layer)
        for layer, of_layer in zip(network.layers, passes, strict=True)
    )
    layers, count = _steps(network, passes)
    code_start = sum(len(image) for of_layer in images for image in of_layer)
    # An instruction a pass, and a merge and a join a layer at most; the last one ends the program.
    code = Area(code_start, INSTRUCTION_WORDS * (sum(map(len, passes)) + 2 * len(passes) + 1))
    used = code_start + code.words + ANSWER_WORDS
    # The tiles' lists have words for events that spike nothing in common: as much room as two.
    room = (sdram_words - used) // (count + 2)
    if room < LEAST_LIST_WORDS:
        raise InputError(
            f"SDRAM of {2 * sdram_words} bytes: the network takes {2 * used} bytes, and {count} "
            f"lists and the tiles' at least {2 * LEAST_LIST_WORDS * (count + 2)} more"
        )
    room = min(room, 1 << INDEX_BITS - 1)
    starts = [used + room * number for number in range(count + 1)]
    return Program(
        shape,
        network,
        layers,
        images,
        tuple(Area(start, room) for start in starts[:count]),
        Area(starts[count], 2 * room),
        code,
        Area(used - ANSWER_WORDS, ANSWER_WORDS),
    )


def _passes(
    network: Network, shapes: Sequence[EngineShape]
) -> tuple[EngineShape, list[tuple[Pass, ...]]]:
    """The first engine that can compute a network, and the passes of its layers."""
    *others, last = shapes
    for shape in others:
        with suppress(InputError):
            return shape, [layer_passes(shape, k, layer) for k, layer in enumerate(network.layers)]
    return last, [layer_passes(last, k, layer) for k, layer in enumerate(network.layers)]


def _check_addresses(network: Network) -> None:
    """That every event has a place in the words of a list."""
    limits = (1 << CHANNEL_BITS, 1 << COORDINATE_BITS, 1 << COORDINATE_BITS)
    shapes = {"the input": network.input_shape}
    shapes |= {f"layer {layer.name!r}": layer.output_shape for layer in network.layers}
    for where, extent in shapes.items():
        if any(size > limit for size, limit in zip(extent, limits, strict=True)):
            raise InputError(
                f"{where}: extent {extent}: expected at most {limits}, as the words of an event "
                "list hold"
            )


def _check_logits(network: Network) -> None:
    """That no logit saturates: the engine sums without initial logits, which whoever reads its
    answers adds, and a list has too few events for weights of 8 bits to sum up to the limit."""
    largest = int(np.abs(network.initial_logits.astype(np.int64)).max())
    if largest > LARGEST_INITIAL_LOGIT:
        raise InputError(
            f"initial logits of up to {largest:,}: expected at most {LARGEST_INITIAL_LOGIT:,}, so "
            "that none saturates"
        )


def _steps(network: Network, passes: list[tuple[Pass, ...]]) -> tuple[tuple[LayerSteps, ...], int]:
    """Steps of all layers, and the number of lists: each is free again behind its last reader."""
    forks = {join: fork for fork, join in network.joins.items()}
    held: dict[int, int] = {}  # list of the fork that is open, by its layer
    source, count, open_fork = 0, 1, None
    layers = []

    def free() -> int:
        nonlocal count
        number = next(k for k in range(count + 1) if k != source and k not in held.values())
        count = max(count, number + 1)
        return number

    for index, of_layer in enumerate(passes):
        join = None
        if index in forks:
            join = Join(held[forks[index]], source)
            source = free()
            del held[forks[index]]
            open_fork = None
        target, carried = None, "none"
        if index < len(passes) - 1:
            target = free()
            if open_fork is not None:
                carried = "event" if index == open_fork + 1 else "source"
        layers.append(LayerSteps(join, source, of_layer, target, carried))
        if target is not None:
            source = target
        if index in network.joins:
            held[index], open_fork = source, index
    return tuple(layers), count
