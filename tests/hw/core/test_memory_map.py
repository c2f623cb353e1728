from itertools import pairwise

import pytest

from tests.hw.cores import make_core
from tickless.hw.core.axis import AxisTable
from tickless.hw.core.memory_map import CHUNK_BITS, MemoryMap, parameter_layout


def test_chunks_hold_all_words():
    config = make_core(channels=3, shape=(6, 3, 3), lanes=4, weight_bits=7, membrane_bits=9)
    memory_map = MemoryMap(config)
    chunks = dict(memory_map.chunks())
    assert len(chunks) == len(memory_map.chunks())
    for region in memory_map.regions:
        assert 0 <= region.word_bits <= CHUNK_BITS * region.chunks < region.word_bits + CHUNK_BITS
        for index, word in enumerate(region.words):
            parts = [
                chunks.pop(memory_map.address(region.name, index, chunk))
                for chunk in range(region.chunks)
            ]
            assert sum(part << CHUNK_BITS * k for k, part in enumerate(parts)) == word
    assert not chunks


def test_addresses_ascend_within_a_word():
    addresses = [address for address, _ in MemoryMap(make_core(lanes=2)).chunks()]
    assert all(before < after for before, after in pairwise(addresses))


def test_regions_of_a_core():
    config = make_core(shape=(5, 3, 3), lanes=3, ceil_bits=4)
    memory_map = MemoryMap(config)
    regions = {region.name: region for region in memory_map.regions}
    assert list(regions) == ["weights", "neurons", "rows_0", "columns_0"]
    assert regions["weights"].words == config.weights
    layout = parameter_layout(config)
    first, second = (layout.from_bits(word) for word in regions["neurons"].words)
    assert [first.thresholds[lane] for lane in range(3)] == list(config.thresholds[:3])
    assert [second.floors[lane] for lane in range(2)] == list(config.floors[3:])
    assert (first.ceil, second.ceil) == (15, 15)
    table = AxisTable(config, config.edges[0], 0)
    rows = [table.layout.from_bits(word) for word in regions["rows_0"].words]
    assert [row.count for row in rows] == [entry["count"] for entry in table.entries]


def test_a_readout_has_no_parameters():
    config = make_core(
        size=(2, 2), shape=(4, 1, 1), kernel=2, stride=1, padding=0, taps=1, readout=True
    )
    names = [region.name for region in MemoryMap(config).regions]
    assert names == ["weights", "rows_0", "columns_0"]


def test_addresses_that_do_not_fit(monkeypatch):
    monkeypatch.setattr("tickless.hw.core.memory_map.ADDRESS_BITS", 5)
    with pytest.raises(ValueError, match=r"core 'layer': addresses of .* bits: expected at most 5"):
        MemoryMap(make_core())
