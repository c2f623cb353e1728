"""Estimate of what a design takes of an FPGA, before any tool has run.

Memories follow the rules by which Yosys maps them. Logic is a sum of features of each core with
coefficients of the family's, which ``tickless measure-estimate`` measures. A core that resets to
zero is taken for one that subtracts, which is up to 4 % larger: 5,595 cells of an ECP5 rather than
5,394, with 12 lanes and 4 taps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tickless.gen.fpga.family import Family
from tickless.hw.copies import QUEUE_DEPTH
from tickless.hw.core.axis import AxisTable
from tickless.hw.core.counters import counter_layout
from tickless.hw.core.packer import entry_layout
from tickless.hw.core.shape import CoreShape
from tickless.hw.host.cobs import MEMORY_BYTES
from tickless.hw.host.messages import answer_message, event_message
from tickless.hw.host.system import HostConfig

__all__ = ["Estimate", "Part", "core_part", "estimate", "host_part", "map_memories"]

CONSTANT_COST = 1 / 16
"""Yosys's cost of a bit of a memory that is never written, made of logic."""


class Estimate(NamedTuple):
    """What a design takes.

    Members
    -------
    logic_cells : float
        Cells of logic, as `gen.fpga.family.Family.cells` names them.
    block_rams, sprams : int
        Memories.
    """

    logic_cells: float
    block_rams: int
    sprams: int

    def plus(self, other: "Estimate") -> "Estimate":
        """What both take."""
        return Estimate(
            self.logic_cells + other.logic_cells,
            self.block_rams + other.block_rams,
            self.sprams + other.sprams,
        )


@dataclass(frozen=True)
class Part:
    """One part of a design, for which a family has coefficients.

    Members
    -------
    kind : str
        ``core``, ``readout`` or ``host``: which coefficients are its own.
    features : dict of str to float
        What its logic grows with.
    queues : tuple of tuple of int
        Words and their width, of each memory that is written, of any kind.
    blocks : tuple of tuple of int
        The same of each that is block RAM.
    constants : tuple of tuple of int
        The same of each memory that is not.
    single_port : tuple of tuple of int
        The same of each single-port memory.
    """

    kind: str
    features: dict[str, float]
    queues: tuple[tuple[int, int], ...] = ()
    blocks: tuple[tuple[int, int], ...] = ()
    constants: tuple[tuple[int, int], ...] = ()
    single_port: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Mapped:
    """A part with its memories mapped to a family.

    Members
    -------
    features : dict of str to float
        What its logic grows with, the memories made of logic included.
    block_rams, sprams : int
        The other memories.
    """

    features: dict[str, float]
    block_rams: int
    sprams: int


def core_part(core: CoreShape) -> Part:
    """A core or readout."""
    weights = ((core.weight_depth, core.weight_word_bits),) * core.taps
    features = {
        "one": 1.0,
        "input lanes": core.input_link.lanes,
        "counter bits": counter_layout(core).size,
        "table bits": sum(
            table.layout.size * len(table.entries)
            for edge in core.edges
            for table in (AxisTable(core, edge, axis) for axis in (0, 1))
        ),
    }
    if core.readout:
        exits = float(core.margin is not None)
        features |= {
            "lanes": core.lanes,
            "classes": core.output_shape[0],
            "exits": core.output_shape[0] * exits,
        }
        return Part("readout", features, constants=weights)
    updates = core.lanes * core.taps
    membranes = ((core.bank_depth, core.membrane_word_bits),) * core.taps
    entry = entry_layout(core)
    features |= {
        "updates": updates,
        "membrane bits": updates * core.membrane_bits,
        "weight bits": updates * core.weight_bits,
        "addresses": core.taps * (core.address_bits + core.weight_address_bits),
        "masks": entry["masks"].width if core.taps > 1 else 0,
    }
    queue = (core.queue_depth, entry.size)
    if core.single_port:
        return Part("core", features, (queue,), (), weights, membranes)
    return Part("core", features, (queue,), membranes, weights)


def host_part(cores: Sequence[CoreShape], host: HostConfig, copies: int = 1) -> Part:
    """The host link of a design, with the queues of its copies; what deals to them is little."""
    readout = cores[-1]
    answer = answer_message(readout.output_shape[0], readout.margin is not None)
    features = {
        "one": 1.0,
        "counter bits": sum(counter_layout(core).size for core in cores),
        "answer bits": answer.size,
        "stores": float(host.stored_events > 0),
    }
    stored = ()
    if host.stored_events:
        stored = ((host.stored_events, event_message(cores[0].input_link).size),)
    queues = ((host.buffer_bytes, 8), (MEMORY_BYTES, 8))
    if copies > 1:
        queues += ((QUEUE_DEPTH, cores[0].input_link.layout.size),) * copies
    return Part("host", features, queues, single_port=stored)


def estimate(parts: Sequence[Part], family: Family) -> Estimate:
    """Estimate of a design.

    Parameters
    ----------
    parts : sequence of Part
        Its cores and its host link.
    family : Family
        The FPGA's.
    """
    logic, blocks, sprams = 0.0, 0, 0
    for part in parts:
        mapped = map_memories(part, family)
        own = family.coefficients[part.kind]
        logic += sum(own[name] * value for name, value in mapped.features.items())
        blocks, sprams = blocks + mapped.block_rams, sprams + mapped.sprams
    return Estimate(logic, blocks, sprams)


def map_memories(part: Part, family: Family) -> Mapped:
    """Where a part's memories go: the cheapest of what the family has, as Yosys counts costs."""
    features = {**part.features, "constant bits": 0.0}
    lut_ram = family.lut_ram
    if lut_ram is not None:
        features["lutrams"] = 0.0
    blocks = sprams = 0
    memories = part.blocks
    if family.spram_bits:
        sprams = sum(-(-width // family.spram_bits) for _, width in part.single_port)
    else:
        memories += part.single_port
    for words, width in part.constants:
        count = _block_rams(words, width, family)
        if words * width * CONSTANT_COST < count * family.block_ram_cost:
            features["constant bits"] += words * width
        else:
            blocks += count
    blocks += sum(_block_rams(words, width, family) for words, width in memories)
    for words, width in part.queues:
        count = _block_rams(words, width, family)
        if lut_ram is not None:
            lutrams = -(-words // lut_ram.depth) * -(-width // lut_ram.bits)
            if lutrams * lut_ram.cost < count * family.block_ram_cost:
                features["lutrams"] += lutrams
                continue
        blocks += count
    return Mapped(features, blocks, sprams)


def _block_rams(words: int, width: int, family: Family) -> int:
    return min(
        -(-width // block_width) * -(-words // depth)
        for block_width, depth in family.block_ram_depths.items()
    )
