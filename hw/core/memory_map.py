"""Memory map of a core: what can be written at run time, and at which addresses."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.hdl import signed, unsigned
from amaranth.lib import data
from amaranth.utils import ceil_log2

from tickless.errors import InputError
from tickless.hw.core.axis import AxisTable
from tickless.hw.core.config import CoreConfig

__all__ = [
    "ADDRESS_BITS",
    "CHUNK_BITS",
    "MemoryMap",
    "Region",
    "parameter_layout",
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
        ``weights``; ``neurons``: as of `parameter_layout`; ``rows_<k>``, ``columns_<k>``: tables of
        edge ``k``.
    word_bits : int
        Width of a word.
    words : tuple of int
        Contents, lowest address first.
    """

    name: str
    word_bits: int
    words: tuple[int, ...]

    @property
    def chunks(self) -> int:
        """Chunks of a word, lowest first; with the last one the word is written."""
        return -(-self.word_bits // CHUNK_BITS)


def parameter_layout(config: CoreConfig) -> data.StructLayout:
    """Layout of what the neurons of one channel block go by.

    Members
    -------
    ceil : unsigned
        Highest membrane, one less than a power of two.
    thresholds, floors : array
        One a lane.
    """
    bits = config.membrane_bits
    return data.StructLayout(
        {
            "ceil": unsigned(bits - 1),
            "thresholds": data.ArrayLayout(unsigned(bits), config.lanes),
            "floors": data.ArrayLayout(signed(bits), config.lanes),
        }
    )


class MemoryMap:
    """Regions of a core and the addresses of their chunks.

    Chunk ``k`` of word ``w`` of region ``r`` lies at
    ``(r << word_address_bits | w) << chunk_index_bits | k``.

    Parameters
    ----------
    config : CoreConfig
        The core; what its regions hold is what it was built with.

    Members
    -------
    regions : tuple of Region
        In the order of their numbers.

    Raises
    ------
    InputError
        If the addresses do not fit into `ADDRESS_BITS`.
    """

    def __init__(self, config: CoreConfig):
        weights = Region("weights", config.weight_word_bits, config.weights)
        self.regions = (weights, *_parameters(config), *_tables(config))
        bits = ceil_log2(len(self.regions)) + self.word_address_bits + self.chunk_index_bits
        if bits > ADDRESS_BITS:
            raise InputError(
                f"core {config.name!r}: addresses of {bits} bits: expected at most {ADDRESS_BITS}"
            )

    def region(self, name: str) -> Region:
        """Region of a name."""
        return self.regions[self.index(name)]

    def index(self, name: str) -> int:
        """Number of the region of a name."""
        return [region.name for region in self.regions].index(name)

    def address(self, name: str, word: int = 0, chunk: int = 0) -> int:
        """Address of a chunk of a region's word."""
        return (self.index(name) << self.word_address_bits | word) << self.chunk_index_bits | chunk

    @cached_property
    def word_address_bits(self) -> int:
        """Width of a word's address within its region."""
        return max(ceil_log2(len(region.words)) for region in self.regions)

    @cached_property
    def chunk_index_bits(self) -> int:
        """Width of a chunk's index within its word."""
        return max(ceil_log2(region.chunks) for region in self.regions)

    def chunks(self) -> list[tuple[int, int]]:
        """Address and value of every chunk, in an order that writes all words."""
        return [
            (
                self.address(region.name, index, chunk),
                word >> (CHUNK_BITS * chunk) & ((1 << CHUNK_BITS) - 1),
            )
            for region in self.regions
            for index, word in enumerate(region.words)
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


def _parameters(config: CoreConfig) -> list[Region]:
    if config.readout:
        return []
    layout = parameter_layout(config)
    # Lanes beyond the last channel belong to no neuron.
    missing = config.blocks * config.lanes - config.shape[0]
    thresholds = [*config.thresholds, *[1] * missing]
    floors = [*config.floors, *[-1] * missing]
    words = []
    for start in range(0, len(thresholds), config.lanes):
        lanes = slice(start, start + config.lanes)
        word: Any = {"ceil": config.ceil, "thresholds": thresholds[lanes], "floors": floors[lanes]}
        words.append(layout.const(word).as_bits())
    return [Region("neurons", layout.size, tuple(words))]


def _tables(config: CoreConfig) -> list[Region]:
    regions = []
    for index, edge in enumerate(config.edges):
        for axis, name in enumerate(("rows", "columns")):
            table = AxisTable(config, edge, axis)
            words = tuple(table.layout.const(entry).as_bits() for entry in table.entries)
            regions.append(Region(f"{name}_{index}", table.layout.size, words))
    return regions
