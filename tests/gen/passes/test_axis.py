"""Tables of an axis against the geometry that they stand for."""

from itertools import pairwise

import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.passes.axis import KernelBlocks, axis_steps
from tickless.hw.passes.shape import GRID
from tickless.sw.integer.geometry import Geometry

SEEDS = range(40)


def edges(seed: int):
    network = random_network(np.random.default_rng(seed), layers=2, size=20)
    return [layer.edges[0].geometry for layer in network.layers]


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_reach_what_the_geometry_reaches_through_the_same_kernel_lines(seed):
    for geometry in edges(seed):
        for axis in (0, 1):
            blocks = KernelBlocks(geometry, axis)
            size = geometry.output_shape[1 + axis]
            for outputs in (range(size), range(min(GRID, size)), range(GRID, max(GRID, size))):
                table = axis_steps(geometry, axis, outputs)
                for coordinate, steps in enumerate(table):
                    reach = geometry.reach(axis, coordinate)
                    expected = [
                        (output, *blocks.place[line])
                        for output, line in zip(reach.positions, reach.kernel, strict=True)
                        if output in outputs
                    ]
                    found = []
                    for step in steps:
                        for output in range(step.first, step.first + GRID):
                            bank = step.banks[output % GRID]
                            if bank is not None:
                                assert bank.line == (output - outputs.start) // GRID
                                found.append((output, step.block, bank.tap))
                    assert found == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_taken_singly_reach_the_same_one_output_a_step(seed):
    for geometry in edges(seed):
        outputs = range(geometry.output_shape[1])
        single = axis_steps(geometry, 0, outputs, single=True)
        for steps, joined in zip(single, axis_steps(geometry, 0, outputs), strict=True):
            assert all(sum(bank is not None for bank in step.banks) == 1 for step in steps)
            assert all(before.first < behind.first for before, behind in pairwise(steps))
            assert len(steps) == sum(bank is not None for step in joined for bank in step.banks)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_line_of_a_kernel_has_a_tap_of_its_own(seed):
    for geometry in edges(seed):
        for axis in (0, 1):
            blocks = KernelBlocks(geometry, axis)
            assert len(set(blocks.place)) == geometry.kernel[axis]
            assert all(block < blocks.count and tap < GRID for block, tap in blocks.place)


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "blocks"),
    [
        (3, 1, 1, [{0, 1, 2}]),
        (3, 2, 1, [{0, 1, 2}]),
        (5, 1, 1, [{0, 1, 2}, {3, 4}]),
        (5, 2, 1, [{0, 2, 4}, {1, 3}]),
        (7, 2, 1, [{0, 2, 4}, {6}, {1, 3, 5}]),
        (2, 2, 1, [{0, 1}]),
        # Lines 0 and 1 reach outputs three apart, in the same bank.
        (3, 1, 3, [{0}, {1}, {2}]),
        (3, 2, 3, [{0, 1}, {2}]),
    ],
)
def test_lines_share_a_block_where_no_event_reaches_two_in_one_bank(
    kernel, stride, dilation, blocks
):
    geometry = Geometry(
        "conv2d",
        (1, 40, 40),
        (1, 5, 5),
        (kernel,) * 2,
        (stride,) * 2,
        (0, 0),
        1,
        1,
        (dilation,) * 2,
    )
    found = KernelBlocks(geometry, 0)
    lines = [set() for _ in range(found.count)]
    for line, (block, _) in enumerate(found.place):
        lines[block].add(line)
    assert lines == blocks
