from dataclasses import replace
from itertools import pairwise

import pytest

from tests.hw.cores import make_contents, make_core
from tickless.hw.core.axis import AxisTable
from tickless.hw.core.memory_map import CHUNK_BITS, MemoryMap, parameter_layout


def test_chunks_hold_all_words():
    config = make_core(channels=3, output_shape=(6, 3, 3), lanes=4, weight_bits=7, membrane_bits=9)
    memory_map, contents = MemoryMap(config), make_contents(config)
    chunks = dict(memory_map.chunks(contents))
    assert len(chunks) == len(memory_map.chunks(contents))
    held = memory_map.words(contents)
    assert sorted(held) == sorted(region.name for region in memory_map.regions)
    for region in memory_map.regions:
        assert 0 <= region.word_bits <= CHUNK_BITS * region.chunks < region.word_bits + CHUNK_BITS
        assert len(held[region.name]) == region.depth
        for index, word in enumerate(held[region.name]):
            parts = [
                chunks.pop(memory_map.address(region.name, index, chunk))
                for chunk in range(region.chunks)
            ]
            assert sum(part << CHUNK_BITS * k for k, part in enumerate(parts)) == word
    assert not chunks


def test_addresses_ascend_within_a_word():
    config = make_core(lanes=2)
    addresses = [address for address, _ in MemoryMap(config).chunks(make_contents(config))]
    assert all(before < after for before, after in pairwise(addresses))


def test_regions_of_a_core():
    config = make_core(output_shape=(5, 3, 3), lanes=3, ceil_bits=4)
    memory_map = MemoryMap(config)
    names = [region.name for region in memory_map.regions]
    assert names == ["weights", "neurons", "rows_0", "columns_0"]
    contents = make_contents(config)
    regions = memory_map.words(contents)
    assert regions["weights"] == contents.weight_words
    layout = parameter_layout(config)
    first, second = (layout.from_bits(word) for word in regions["neurons"])
    assert [first.thresholds[lane] for lane in range(3)] == list(contents.thresholds[:3])
    assert [second.floors[lane] for lane in range(2)] == list(contents.floors[3:])
    assert (first.ceil, second.ceil) == (15, 15)
    table = AxisTable(config, config.edges[0], 0)
    rows = [table.layout.from_bits(word) for word in regions["rows_0"]]
    assert [row.count for row in rows] == [entry["count"] for entry in table.entries]


def test_a_readout_has_no_parameters():
    config = make_core(
        size=(2, 2), output_shape=(4, 1, 1), kernel=2, stride=1, padding=0, taps=1, readout=True
    )
    memory_map = MemoryMap(config)
    names = [region.name for region in memory_map.regions]
    assert names == ["weights", "rows_0", "columns_0"]
    assert sorted(memory_map.words(make_contents(config))) == sorted(names)
    config = replace(config, initial_logits=True)
    memory_map, contents = MemoryMap(config), make_contents(config)
    names = [region.name for region in memory_map.regions]
    assert names == ["weights", "initial_logits", "rows_0", "columns_0"]
    [region] = [each for each in memory_map.regions if each.name == "initial_logits"]
    assert (region.word_bits, region.depth) == (32, 4)
    words = memory_map.words(contents)["initial_logits"]
    assert words == tuple(logit % (1 << 32) for logit in contents.initial_logits)
    assert min(contents.initial_logits) < 0


def test_addresses_that_do_not_fit(monkeypatch):
    monkeypatch.setattr("tickless.hw.core.memory_map.ADDRESS_BITS", 5)
    with pytest.raises(ValueError, match=r"core 'layer': addresses of .* bits: expected at most 5"):
        MemoryMap(make_core())
