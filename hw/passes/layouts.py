"""Layouts of what is loaded for a pass, and the sections in which it lies in SDRAM.

The image of a pass is sections of 16-bit words: number of the region, first word, words, and then
each word of the region in as many 16-bit words as it needs, lowest bits first. Behind the last one
come region 0 and the two sums of Fletcher's checksum over all words before it, modulo 2**16.
"""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, enum
from amaranth.utils import ceil_log2

from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import CHANNEL_BITS, COORDINATE_BITS, WORD_BITS

__all__ = [
    "EDGES",
    "Region",
    "axis_layout",
    "channel_layout",
    "neuron_layout",
    "region_bits",
    "region_chunks",
    "region_depth",
    "register_layout",
]

EDGES = 2
"""Edges into a layer, at most."""


class Region(enum.IntEnum, shape=unsigned(3)):
    """Memory that is loaded for a pass.

    Members
    -------
    CHECKSUM
        None: the image ends.
    REGISTERS
        `register_layout`, one word.
    NEURONS
        `neuron_layout`, by lane.
    CHANNELS
        `channel_layout`, by ``edge << CHANNEL_BITS | channel``.
    ROWS, COLUMNS
        `axis_layout`, by ``edge * table_words + (coordinate << step bits | step)``.
    WEIGHTS
        A weight for each lane, lane 0 lowest, for each column, then row of taps.
    """

    CHECKSUM = 0
    REGISTERS = 1
    NEURONS = 2
    CHANNELS = 3
    ROWS = 4
    COLUMNS = 5
    WEIGHTS = 6


def register_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of a pass's registers.

    Members
    -------
    readout : unsigned(1)
        Whether logits are summed, not membranes.
    joined : unsigned(1)
        Whether there are two edges: the event that begins an index is of the second.
    row_steps, column_steps : array of unsigned(3)
        Width of a step's number in the tables of each edge.
    first_channel : unsigned
        Channel of lane 0.
    bank_words : unsigned
        Words of each bank that are in use, less 1.
    """
    return data.StructLayout(
        {
            "readout": 1,
            "joined": 1,
            "row_steps": data.ArrayLayout(3, EDGES),
            "column_steps": data.ArrayLayout(3, EDGES),
            "first_channel": CHANNEL_BITS,
            "bank_words": ceil_log2(shape.bank_words),
        }
    )


def neuron_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of what the neurons of a lane go by.

    Members
    -------
    threshold : unsigned
        Membrane from which they fire.
    floor : signed
        Lowest membrane.
    ceil : unsigned
        Highest membrane that a spike leaves, one less than a power of two; 0 where all leave 0.
    """
    bits = shape.membrane_bits
    return data.StructLayout({"threshold": bits, "floor": signed(bits), "ceil": bits - 1})


def channel_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of an input channel: its first weight word, and the lanes that it reaches."""
    return data.StructLayout({"base": ceil_log2(shape.weight_words), "lanes": shape.lanes})


def axis_layout(shape: EngineShape) -> data.StructLayout:
    """Layout of a step of one axis.

    Members
    -------
    last : unsigned(1)
        Whether it is the coordinate's last.
    block : unsigned
        Its part of the weight word's address, behind that of the channel.
    first, rotate : unsigned
        Lowest output coordinate, and the bank in which it lies.
    banks : array
        Along the axis: whether the bank is touched, the tap whose weights are added there, and the
        axis's part of the address within the bank.
    """
    bank = {"valid": 1, "tap": ceil_log2(GRID), "line": ceil_log2(shape.bank_words)}
    return data.StructLayout(
        {
            "last": 1,
            "block": ceil_log2(shape.weight_words),
            "first": COORDINATE_BITS,
            "rotate": ceil_log2(GRID),
            "banks": data.ArrayLayout(data.StructLayout(bank), GRID),
        }
    )


def region_bits(shape: EngineShape, region: Region) -> int:
    """Width of a region's word."""
    if region == Region.WEIGHTS:
        return shape.weight_word_bits
    layouts = {
        Region.REGISTERS: register_layout,
        Region.NEURONS: neuron_layout,
        Region.CHANNELS: channel_layout,
        Region.ROWS: axis_layout,
        Region.COLUMNS: axis_layout,
    }
    return layouts[region](shape).size


def region_depth(shape: EngineShape, region: Region) -> int:
    """Words of a region."""
    return {
        Region.REGISTERS: 1,
        Region.NEURONS: shape.lanes,
        Region.CHANNELS: EDGES << CHANNEL_BITS,
        Region.ROWS: EDGES * shape.table_words,
        Region.COLUMNS: EDGES * shape.table_words,
        Region.WEIGHTS: shape.weight_words,
    }[region]


def region_chunks(shape: EngineShape, region: Region) -> int:
    """16-bit words of a region's word."""
    return -(-region_bits(shape, region) // WORD_BITS)
