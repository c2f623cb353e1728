"""A core a layer beside the engine."""

import numpy as np

from tests.sim.test_command import make_network
from tickless.gen.fpga.boards import BOARDS
from tickless.sim.passes.on_chip import on_chip
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.untrained import untrained_network


def test_a_small_network_has_a_cost():
    events = np.random.default_rng(1).integers(0, (2, 34, 34), (500, 3)).astype(np.int32)
    found = on_chip(make_network(), BOARDS["ulx3s-85f"], [events])
    assert found.refusal is None
    assert found.block_rams is not None
    assert 0 < found.block_rams <= 208
    assert found.cycles_per_sample is not None
    assert found.cycles_per_sample >= 500


def test_weights_beyond_the_block_rams_are_said_with_the_bits():
    events = np.random.default_rng(1).integers(0, (2, 8, 8), (50, 3)).astype(np.int32)
    specs = [LayerSpec("conv2d", 512, 3), LayerSpec("conv2d", 512, 3), LayerSpec("readout", 4)]
    found = on_chip(untrained_network((2, 8, 8), specs, [events], 1), BOARDS["ulx3s-85f"], [events])
    bits = 4 * (512 * 2 * 9 + 512 * 512 * 9 + 4 * 512 * 4 * 4)
    assert found.refusal == (
        f"its weights take {bits:,} bits, all block RAMs of ULX3S 85F hold 3,833,856"
    )
    assert found.cycles_per_sample is None
