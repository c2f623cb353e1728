"""Shape of the pass engine: what it holds on chip at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from tickless.errors import InputError

__all__ = ["DP16KD_PORTS", "GRID", "EngineShape", "block_rams"]

GRID = 3
"""Rows and columns of the grid of membrane banks: position ``(y, x)`` lies in bank
``(y % GRID, x % GRID)``."""

DP16KD_PORTS = {1: 16384, 2: 8192, 4: 4096, 9: 2048, 18: 1024, 36: 512}
"""Words of an ECP5 block RAM by the width of its ports; 36 bits with one port to read and one to
write (Lattice FPGA-TN-02204)."""

PORT_BITS = max(DP16KD_PORTS)
"""Width of its widest port."""


def block_rams(word_bits: int, depth: int) -> int:
    """Fewest DP16KD that hold a memory with one port to read and one to write."""
    return min(-(-word_bits // width) * -(-depth // words) for width, words in DP16KD_PORTS.items())


@dataclass(frozen=True)
class EngineShape:
    """Pass engine: memories and widths, the same for every pass.

    Parameters
    ----------
    lanes : int
        Output channels of a tile, updated at once in each of the ``GRID * GRID`` banks.
    weight_bits, membrane_bits : int
        Width of a signed weight, and of a signed membrane.
    weight_words : int
        Words of the weight buffer; a word is a weight a lane for ``GRID * GRID`` taps.
    bank_words : int
        Words of a membrane bank; a word is a membrane a lane.
    table_words : int
        Entries of the table of rows, and of that of columns, of each edge.
    tiles : int
        Lists that are merged at once.
    """

    lanes: int = 16
    weight_bits: int = 8
    membrane_bits: int = 16
    weight_words: int = 512
    bank_words: int = 512
    table_words: int = 256
    tiles: int = 32

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            least = 2 if field.name.endswith("_bits") else 1
            if type(value) is not int or value < least:
                raise InputError(
                    f"{field.name} = {value!r}: expected an integer of at least {least}"
                )
        if self.weight_bits > 8:
            raise InputError(f"weight_bits = {self.weight_bits}: expected at most 8")

    @property
    def weight_word_bits(self) -> int:
        """Width of a weight word."""
        return GRID * GRID * self.lanes * self.weight_bits

    @property
    def membrane_word_bits(self) -> int:
        """Width of a membrane word."""
        return self.lanes * self.membrane_bits

    @property
    def lanes_together(self) -> int:
        """Lanes whose membranes are in one memory of a bank: those of a DP16KD's word."""
        return min(self.lanes, max(1, PORT_BITS // self.membrane_bits))

    @property
    def memories(self) -> Mapping[str, int]:
        """DP16KD of the large memories, by what they hold."""
        many, few = divmod(self.lanes, self.lanes_together)
        return {
            "weights": self.lanes
            * block_rams(self.weight_word_bits // self.lanes, self.weight_words),
            "membranes": GRID
            * GRID
            * sum(
                count * block_rams(lanes * self.membrane_bits, self.bank_words)
                for count, lanes in ((many, self.lanes_together), (1, few))
            ),
        }
