"""Block RAM of the pass engine."""

import pytest

from tickless.errors import InputError
from tickless.hw.passes.shape import DP16KD_PORTS, EngineShape, block_rams


@pytest.mark.parametrize(("width", "depth"), [(w, d) for w, d in DP16KD_PORTS.items()])
def test_one_block_ram_holds_as_many_words_as_its_ports_address(width, depth):
    assert block_rams(width, depth) == 1
    assert block_rams(width, depth + 1) == block_rams(width + 1, depth) == 2


@pytest.mark.parametrize(
    ("shape", "weights", "membranes"),
    [
        (EngineShape(lanes=32), 64, 144),
        (EngineShape(lanes=16), 32, 72),
        (EngineShape(lanes=32, weight_bits=4), 32, 144),
        (EngineShape(lanes=3, membrane_bits=18, bank_words=1000), 6, 27),
    ],
)
def test_memories_are_those_of_the_table_in_the_documentation(shape, weights, membranes):
    assert shape.memories == {"weights": weights, "membranes": membranes}


def test_a_size_that_is_none_is_refused():
    with pytest.raises(InputError, match="lanes = 0: expected an integer of at least 1"):
        EngineShape(lanes=0)
    with pytest.raises(InputError, match="weight_bits = 9: expected at most 8"):
        EngineShape(weight_bits=9)
