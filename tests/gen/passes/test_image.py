"""Images of passes, read back word by word as the engine does."""

import numpy as np
import pytest

from tests.random_networks import random_network, without_saturation
from tickless.gen.passes.axis import step_bits
from tickless.gen.passes.image import fletcher
from tickless.gen.passes.program import make_program
from tickless.hw.passes.layouts import (
    Region,
    axis_layout,
    channel_layout,
    neuron_layout,
    region_chunks,
    region_depth,
    register_layout,
)
from tickless.hw.passes.shape import GRID, EngineShape
from tickless.hw.passes.words import CHANNEL_BITS

SHAPE = EngineShape(lanes=3, weight_bits=8, membrane_bits=24, weight_words=600)


def memories(shape: EngineShape, image: np.ndarray) -> dict[Region, dict[int, int]]:
    """Words of each region by their addresses."""
    words = iter(image.tolist())
    found: dict[Region, dict[int, int]] = {region: {} for region in Region}
    while (region := Region(next(words))) != Region.CHECKSUM:
        first, count = next(words), next(words)
        assert first + count <= region_depth(shape, region)
        for address in range(first, first + count):
            chunks = [next(words) for _ in range(region_chunks(shape, region))]
            found[region][address] = sum(chunk << 16 * k for k, chunk in enumerate(chunks))
    assert (next(words), next(words)) == fletcher(image[:-3])
    assert next(words, None) is None
    return found


@pytest.mark.parametrize("seed", range(6))
def test_an_image_holds_all_that_its_pass_computes_with(seed):
    network = without_saturation(random_network(np.random.default_rng(seed)))
    program = make_program(network, SHAPE)
    for layer, steps, images in zip(network.layers, program.layers, program.images, strict=True):
        for made, image in zip(steps.passes, images, strict=True):
            found = memories(SHAPE, image)
            registers = register_layout(SHAPE).from_bits(found[Region.REGISTERS][0])
            assert registers.first_channel == made.channels.start
            assert registers.readout == layer.is_readout
            assert registers.joined == (len(layer.edges) > 1)
            assert registers.bank_words == made.bank_words - 1
            if not layer.is_readout:
                assert list(found[Region.NEURONS]) == list(range(SHAPE.lanes))
                for lane, word in found[Region.NEURONS].items():
                    neuron = neuron_layout(SHAPE).from_bits(word)
                    assert neuron.threshold == made.thresholds[lane]
                    assert neuron.floor == made.floors[lane]
                    assert neuron.ceil == (0 if layer.reset == "zero" else layer.ceil)
            for word, weights in enumerate(made.weights):
                stored = found[Region.WEIGHTS][word]
                flat = [stored >> 8 * k & 0xFF for k in range(GRID * GRID * SHAPE.lanes)]
                assert flat == (weights.reshape(-1) & 0xFF).tolist()
            for number, edge in enumerate(made.edges):
                for channel, base in enumerate(edge.bases.tolist()):
                    bits = found[Region.CHANNELS][number << CHANNEL_BITS | channel]
                    entry = channel_layout(SHAPE).from_bits(bits)
                    assert entry.base == max(base, 0)
                    lanes = [bool(entry.lanes >> lane & 1) for lane in range(SHAPE.lanes)]
                    assert lanes == edge.lanes[channel].tolist()
                bits, start = step_bits(edge.rows), number * SHAPE.table_words
                assert registers.row_steps[number] == bits
                for coordinate, table in enumerate(edge.rows):
                    for index, step in enumerate(table):
                        word = found[Region.ROWS][start + (coordinate << bits | index)]
                        entry = axis_layout(SHAPE).from_bits(word)
                        assert entry.last == (index == len(table) - 1)
                        assert entry.block == step.block * edge.column_blocks
                        assert entry.first == step.first
                        assert entry.rotate == step.first % GRID
                        for have, want in zip(entry.banks, step.banks, strict=True):
                            assert have.valid == (want is not None)
                            if want is not None:
                                assert have.tap == want.tap
                                assert have.line == want.line * made.bank_columns


def test_a_changed_word_changes_the_checksum():
    rng = np.random.default_rng(1)
    words = rng.integers(0, 1 << 16, 1000).astype(np.uint16)
    swapped = words.copy()
    swapped[[10, 700]] = words[[700, 10]]
    assert fletcher(swapped) != fletcher(words)
    words[3] ^= 1
    assert fletcher(words) != fletcher(swapped)
