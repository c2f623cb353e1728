"""Programs: lists, memory map and what is refused."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.random_networks import random_network, without_saturation
from tickless.errors import InputError
from tickless.gen.passes.program import ENGINES, SDRAM_WORDS, make_program
from tickless.hw.passes.shape import EngineShape
from tickless.sw.integer.layer import Edge, Layer
from tickless.sw.integer.network import Network
from tickless.sw.integer.specs import LayerSpec, layer_geometries
from tickless.sw.training.architectures import layers

LARGE = EngineShape(membrane_bits=24, weight_words=1 << 12, tiles=256)


def network_of(sensor, specs, bits: int = 8, membrane_bits: int = 12) -> Network:
    """Network of random weights."""
    rng = np.random.default_rng(1)
    made = []
    for index, geometry in enumerate(layer_geometries(sensor, specs)):
        half = 1 << bits - 1
        weight = rng.integers(-half, half, geometry.weight_shape).astype(np.int8)
        readout = geometry.kind == "readout"
        count = 0 if readout else geometry.output_shape[0]
        threshold = np.full(count, 100, np.int32)
        edges = (Edge(geometry, weight, bits),)
        wide = 32 if readout else membrane_bits
        made.append(Layer(f"layer{index}", edges, threshold, -threshold, wide))
    return Network(tuple(made))


@pytest.mark.parametrize("seed", range(10))
def test_nothing_lies_where_something_else_does(seed):
    network = without_saturation(random_network(np.random.default_rng(seed), layers=2))
    program = make_program(network, LARGE, 1 << 18)
    areas = [*program.lists, program.tiles, program.code, program.answers]
    for starts, images in zip(program.image_starts, program.images, strict=True):
        areas += [
            replace(program.answers, start=start, words=len(image))
            for start, image in zip(starts, images, strict=True)
        ]
    areas.sort(key=lambda area: area.start)
    for before, behind in pairwise(areas):
        assert before.start + before.words <= behind.start
    assert areas[-1].start + areas[-1].words <= 1 << 18


@pytest.mark.parametrize("seed", range(20))
def test_a_list_stays_until_its_last_reader_has_read_it(seed):
    rng = np.random.default_rng(seed)
    shape = replace(LARGE, weight_bits=8)
    network = without_saturation(random_network(rng, shortcuts=2, size=6))
    if any(edge.weight_bits > 8 for layer in network.layers for edge in layer.edges):
        with pytest.raises(InputError, match=r"weights of 1?\d bits: expected at most 8"):
            make_program(network, shape)
        return
    program = make_program(network, shape)
    written: dict[int, int] = {0: -1}  # the layer whose spikes a list holds
    for index, steps in enumerate(program.layers):
        if steps.join is not None:
            fork = network.senders(index)[1]
            assert written[steps.join.fork] == fork
            assert written[steps.join.path] == index - 1
            assert steps.source not in (steps.join.fork, steps.join.path)
            written[steps.source] = index - 1
        assert written[steps.source] == index - 1
        if steps.target is not None:
            assert steps.target != steps.source
            written[steps.target] = index
    assert max(written) == len(program.lists) - 1


def test_vggsnn_takes_the_passes_and_bytes_that_the_documentation_states():
    network = network_of((2, 128, 128), layers("vggsnn", 10))
    program = make_program(network)
    assert [len(steps.passes) for steps in program.layers] == [4, 8, 16, 16, 32, 32, 32, 32, 1]
    assert program.passes == 173
    assert 9.5e6 < 2 * program.image_words < 9.7e6
    assert min(area.words for area in program.lists) > 2_900_000
    assert program.tiles.start + program.tiles.words <= SDRAM_WORDS


def test_vggsnn_of_4_bits_takes_half_the_passes_with_32_lanes():
    network = network_of((2, 128, 128), layers("vggsnn", 10), bits=4)
    program = make_program(network, EngineShape(lanes=32, weight_bits=4, tiles=16))
    assert [len(steps.passes) for steps in program.layers] == [2, 4, 8, 8, 16, 16, 16, 16, 1]
    assert 2 * program.image_words < 5.4e6


def test_a_network_takes_the_first_engine_that_can_compute_it():
    wide = [LayerSpec("conv2d", 40, 5, padding=2), LayerSpec("readout", 4)]
    for words, channels in ((512, 2), (1024, 150)):
        shape = make_program(network_of((channels, 8, 8), wide)).shape
        assert (shape.lanes, shape.weight_words) == (16, words)
    with pytest.raises(InputError, match=r"1200 weight words a tile: expected at most 1024"):
        make_program(network_of((300, 8, 8), wide))


def test_no_engine_is_chosen_that_a_ulx3s_85f_cannot_hold():
    narrow = network_of((2, 8, 8), [LayerSpec("conv2d", 40, 3), LayerSpec("readout", 4)], bits=4)
    assert make_program(narrow).shape in ENGINES
    for shape in ENGINES:
        assert shape.lanes <= 16  # the neurons of more have more logic cells than there are
        assert sum(shape.memories.values()) <= 168  # of 208, which tables and queues take, too


def small(**options) -> Network:
    return network_of((2, 8, 8), [LayerSpec("conv2d", 40, 3), LayerSpec("readout", 4)], **options)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"weight_bits": 4}, "'layer0': weights of 8 bits: expected at most 4, the engine's"),
        ({"membrane_bits": 8}, "'layer0': membranes of 12 bits: expected at most 8"),
        ({"tiles": 2}, "'layer0': 3 tiles: expected at most 2"),
        ({"bank_words": 1}, "'layer0': a row of 2 words in a bank: expected at most 1"),
        ({"weight_words": 100}, "'layer1': 160 weight words a tile: expected at most 100"),
        ({"table_words": 7}, "'layer0': 8 entries in the table of rows: expected at most 7"),
    ],
)
def test_a_layer_that_the_engine_cannot_compute_is_refused_by_name(shape, message):
    with pytest.raises(InputError, match=message):
        make_program(small(), EngineShape(**shape))


def test_an_extent_that_list_words_do_not_hold_is_refused():
    specs = [LayerSpec("conv2d", 4, 3, pool=8), LayerSpec("readout", 4)]
    with pytest.raises(InputError, match=r"the input: extent \(2, 129, 8\): expected at most"):
        make_program(network_of((2, 129, 8), [replace(specs[0], pool=1), specs[1]]))


def test_an_sdram_that_cannot_hold_the_network_is_refused_with_the_bytes():
    with pytest.raises(InputError, match=r"SDRAM of 65536 bytes: the network takes \d+ bytes, and"):
        make_program(small(), sdram_words=1 << 15)


def test_initial_logits_that_might_saturate_are_refused():
    network = small()
    initial = np.array([0, -(1 << 30), 0, 0], np.int32)
    readout = replace(network.layers[-1], initial_logits=initial)
    with pytest.raises(InputError, match=r"initial logits of up to 1,073,741,824: expected at"):
        make_program(replace(network, layers=(*network.layers[:-1], readout)))
