"""Floor plan of a pass engine: which block RAMs of an ECP5 hold the memories of its lanes."""

from collections.abc import Iterator, Mapping
from itertools import product

from tickless.errors import InputError
from tickless.hw.passes.shape import GRID, EngineShape, block_rams

__all__ = ["DEVICE", "floor_plan_script", "lane_places"]

DEVICE = "LFE5U-85F"

ROWS = ((22, 46), (70, 82))
"""Rows of block RAMs, by their Y in nextpnr's names: two for each half of the lanes, of which the
first lies amid logic. What is left of the second is the other memories'."""

COLUMNS = tuple((9 * (n // 4) + 2 * (n % 4) + (4 if n < 28 else 6), n % 4) for n in range(52))
"""Block RAMs of each row, from left to right: X in nextpnr's names, and number there."""

GROUPS = 4
"""Groups of lanes side by side."""


def lane_places(shape: EngineShape) -> Mapping[str, str]:
    """Places of the memories of all lanes, by patterns of the names that Yosys gives them.

    Lanes whose membranes share a memory lie side by side, with their weights between their
    banks: wires between lanes are few, those within a lane short.

    Raises
    ------
    InputError
        If the lanes have more memories than there is room for.
    """
    width = len(COLUMNS) // GROUPS
    places = {}
    for group, first in enumerate(range(0, shape.lanes, shape.lanes_together)):
        lanes = range(first, min(first + shape.lanes_together, shape.lanes))
        names = list(_memories(shape, lanes))
        if group >= len(ROWS) * GROUPS or len(names) > len(ROWS[0]) * width:
            raise InputError(f"lanes = {shape.lanes}: their memories are more than {DEVICE} holds")
        rows, start = ROWS[group // GROUPS], group % GROUPS * width
        for name, (y, (x, number)) in zip(
            names, product(rows, COLUMNS[start : start + width]), strict=False
        ):
            places[name] = f"X{x}/Y{y}/EBR{number}"
    return places


def floor_plan_script(shape: EngineShape) -> str:
    """Commands for Yosys, behind synthesis, that tell nextpnr where the memories of lanes are."""
    places = lane_places(shape)
    return "; ".join(
        [
            *(f'setattr -set BEL "{place}" t:DP16KD c:{name} %i' for name, place in places.items()),
            f"select -assert-count {len(places)} t:DP16KD a:BEL %i",
        ]
    )


def _memories(shape: EngineShape, lanes: range) -> Iterator[str]:
    """Names of the block RAMs of lanes, in their order from left to right."""
    banks = range(GRID * GRID)
    half = len(banks) // 2
    membranes = block_rams(len(lanes) * shape.membrane_bits, shape.bank_words)
    weights = shape.memories["weights"] // shape.lanes

    def bank_memories(some: range) -> Iterator[str]:
        for bank, part in product(some, range(membranes)):
            yield f"*core.banks.bank_{bank}.memory_{lanes.start}.block_ram.0.{part}"

    yield from bank_memories(banks[:half])
    for lane, part in product(lanes, range(weights)):
        yield f"*core.weights*.lane_{lane}.block_ram.0.{part}"
    yield from bank_memories(banks[half:])
