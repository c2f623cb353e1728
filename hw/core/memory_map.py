"""Memory map of a core: what can be written at run time, and at which addresses."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.hdl import signed, unsigned
from amaranth.lib import data
from amaranth.utils import ceil_log2

from tickless.errors import InputError
from tickless.hw.core.axis import AxisTable
from tickless.hw.core.contents import CoreContents
from tickless.hw.core.shape import CoreShape
from tickless.hw.packet import LOGIT_BITS

__all__ = [
    "ADDRESS_BITS",
    "CHUNK_BITS",
    "MemoryMap",
    "Region",
    "parameter_layout",
    "parameter_words",
    "write_layout",
]

ADDRESS_BITS = 24
"""Width of a chunk's address: 64 MiB a core."""

CHUNK_BITS = 32
"""Width of the chunks in which words are written."""


@dataclass(frozen=True)
class Region:
    """One memory of a core, or several that hold the same.

    Members
    -------
    name : str
        ``weights``; ``neurons``: as of `parameter_layout`; ``initial_logits``: one a word;
        ``rows_<k>``, ``columns_<k>``: tables of edge ``k``.
    word_bits : int
        Width of a word.
    depth : int
        Number of words.
    """

    name: str
    word_bits: int
    depth: int

    @property
    def chunks(self) -> int:
        """Chunks of a word, lowest first; with the last one the word is written."""
        return -(-self.word_bits // CHUNK_BITS)


def parameter_layout(shape: CoreShape) -> data.StructLayout:
    """Layout of what the neurons of one channel block go by.

    Members
    -------
    ceil : unsigned
        Highest membrane, one less than a power of two.
    thresholds, floors : array
        One a lane.
    """
    bits = shape.membrane_bits
    return data.StructLayout(
        {
            "ceil": unsigned(bits - 1),
            "thresholds": data.ArrayLayout(unsigned(bits), shape.lanes),
            "floors": data.ArrayLayout(signed(bits), shape.lanes),
        }
    )


def parameter_words(shape: CoreShape, contents: CoreContents) -> tuple[int, ...]:
    """Words of `parameter_layout` of a spiking core, one a channel block."""
    layout = parameter_layout(shape)
    # Lanes beyond the last channel belong to no neuron.
    missing = shape.blocks * shape.lanes - shape.output_shape[0]
    thresholds = [*contents.thresholds, *[1] * missing]
    floors = [*contents.floors, *[-1] * missing]
    words = []
    for start in range(0, len(thresholds), shape.lanes):
        lanes = slice(start, start + shape.lanes)
        word: Any = {"ceil": shape.ceil, "thresholds": thresholds[lanes], "floors": floors[lanes]}
        words.append(layout.const(word).as_bits())
    return tuple(words)


class MemoryMap:
    """Regions of a core and the addresses of their chunks.

    Chunk ``k`` of word ``w`` of region ``r`` lies at
    ``(r << word_address_bits | w) << chunk_index_bits | k``.

    Parameters
    ----------
    shape : CoreShape
        The core.

    Members
    -------
    regions : tuple of Region
        In the order of their numbers.

    Raises
    ------
    InputError
        If the addresses do not fit into `ADDRESS_BITS`.
    """

    def __init__(self, shape: CoreShape):
        self.shape = shape
        regions = [Region("weights", shape.weight_word_bits, shape.weight_depth)]
        if not shape.readout:
            regions.append(Region("neurons", parameter_layout(shape).size, shape.blocks))
        if shape.initial_logits:
            regions.append(Region("initial_logits", LOGIT_BITS, shape.output_shape[0]))
        regions += [
            Region(name, table.layout.size, len(table.entries))
            for name, table in _tables(shape).items()
        ]
        self.regions = tuple(regions)
        bits = ceil_log2(len(self.regions)) + self.word_address_bits + self.chunk_index_bits
        if bits > ADDRESS_BITS:
            raise InputError(
                f"core {shape.name!r}: addresses of {bits} bits: expected at most {ADDRESS_BITS}"
            )

    def index(self, name: str) -> int:
        """Number of the region of a name."""
        return [region.name for region in self.regions].index(name)

    def address(self, name: str, word: int = 0, chunk: int = 0) -> int:
        """Address of a chunk of a region's word."""
        return (self.index(name) << self.word_address_bits | word) << self.chunk_index_bits | chunk

    @cached_property
    def word_address_bits(self) -> int:
        """Width of a word's address within its region."""
        return max(ceil_log2(region.depth) for region in self.regions)

    @cached_property
    def chunk_index_bits(self) -> int:
        """Width of a chunk's index within its word."""
        return max(ceil_log2(region.chunks) for region in self.regions)

    def words(self, contents: CoreContents) -> dict[str, tuple[int, ...]]:
        """What each region holds, by its name, lowest address first.

        Raises
        ------
        ValueError
            If the core cannot hold the contents.
        """
        contents.check(self.shape)
        words = {name: table.words for name, table in _tables(self.shape).items()}
        words["weights"] = contents.weight_words
        if not self.shape.readout:
            words["neurons"] = parameter_words(self.shape, contents)
        if self.shape.initial_logits:
            mask = (1 << LOGIT_BITS) - 1
            words["initial_logits"] = tuple(logit & mask for logit in contents.initial_logits)
        return words

    def chunks(self, contents: CoreContents) -> list[tuple[int, int]]:
        """Address and value of every chunk, in an order that writes all words."""
        words = self.words(contents)
        return [
            (
                self.address(region.name, index, chunk),
                word >> (CHUNK_BITS * chunk) & ((1 << CHUNK_BITS) - 1),
            )
            for region in self.regions
            for index, word in enumerate(words[region.name])
            for chunk in range(region.chunks)
        ]


def write_layout(memory_map: MemoryMap) -> data.StructLayout:
    """Layout of one write into a core's memories.

    Members
    -------
    enable : unsigned
        One bit a region.
    word : unsigned
        Address of the word.
    data : unsigned
        The word, lowest bits first.
    """
    return data.StructLayout(
        {
            "enable": len(memory_map.regions),
            "word": memory_map.word_address_bits,
            "data": CHUNK_BITS * max(region.chunks for region in memory_map.regions),
        }
    )


def _tables(shape: CoreShape) -> dict[str, AxisTable]:
    """Tables of the edges by the names of their regions."""
    return {
        f"{name}_{index}": AxisTable(shape, edge, axis)
        for index, edge in enumerate(shape.edges)
        for axis, name in enumerate(("rows", "columns"))
    }
