from dataclasses import replace

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.gen.activity import measure_activity
from tickless.gen.configure import chain_config
from tickless.gen.folding import fold_fully
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.fit import DoesNotFitError, fit_to_board
from tickless.sw.integer.specs import LayerSpec
from tickless.sw.untrained import untrained_network


@pytest.fixture(scope="module")
def network():
    specs = [
        LayerSpec("conv2d", 6, 2, padding=2),
        LayerSpec("conv2d", 2, 4, stride=2, padding=1, pool=2),
        LayerSpec("conv2d", 8, 1, padding=2, groups=2),
        LayerSpec("readout", 1, pool=2),
    ]
    recording = np.random.default_rng(1).integers(0, (3, 2, 4), (200, 3)).astype(np.int32)
    return untrained_network((3, 2, 4), specs, [recording], seed=1)


@pytest.fixture(scope="module")
def activity(network):
    rng = np.random.default_rng(1)
    return measure_activity(network, [random_events(rng, network, 200) for _ in range(2)])


def test_a_large_board_takes_the_fastest_folding(network, activity):
    found = fit_to_board(network, activity, BOARDS["ulx3s-85f"])
    full = fold_fully(network)
    busiest = int(np.argmax(activity.events))
    assert found.cycles == pytest.approx(activity.events[busiest])
    assert all(
        folding.lanes <= most.lanes and folding.taps <= most.taps
        for folding, most in zip(found.foldings, full, strict=True)
    )


def test_less_room_is_no_faster(network, activity):
    board = BOARDS["ulx3s-85f"]
    before = 0.0
    for cells in (80_000, 9_000, 8_000):
        found = fit_to_board(network, activity, replace(board, logic_cells=cells))
        assert found.estimate.logic_cells <= cells
        assert found.cycles >= before
        before = found.cycles


def test_copies_are_as_fast_as_their_input_for_the_least_logic(network, activity):
    """All events come through one input, an event a clock."""
    board = BOARDS["ulx3s-85f"]
    one = fit_to_board(network, activity, board)
    before, cores = one, []
    for copies in (1, 2, 3):
        found = fit_to_board(network, activity, board, copies=copies)
        assert found.cycles >= before.cycles
        assert found.cycles <= max(copies * activity.input_events, one.cycles)
        each = chain_config(network, found.foldings, **board.core_options)
        cores.append(sum(core.lanes * core.taps for core in each.cores))
        before = found
    assert cores[0] > cores[-1], "the case is one in which folding saves something"


def test_copies_that_do_not_fit_are_counted(network, activity):
    with pytest.raises(DoesNotFitError, match=r"64 copies of the network do not fit board 'ice"):
        fit_to_board(network, activity, BOARDS["icebreaker"], copies=64)


def test_membranes_leave_block_ram_where_it_is_short(network, activity):
    board = BOARDS["icebreaker"]
    roomy = fit_to_board(network, activity, replace(board, logic_cells=50_000, block_rams=200))
    tight = replace(board, logic_cells=50_000, block_rams=roomy.estimate.block_rams - 1)
    found = fit_to_board(network, activity, tight)
    assert found.estimate.block_rams <= tight.block_rams
    assert found.estimate.sprams <= board.sprams
    assert found.estimate.sprams > 0


def test_a_refusal_names_what_is_short_and_what_would_do(network, activity):
    board = replace(BOARDS["icebreaker"], block_rams=3, sprams=1)
    with pytest.raises(DoesNotFitError) as error:
        fit_to_board(network, activity, board)
    text = str(error.value)
    assert "network does not fit board 'icebreaker'" in text
    assert "block RAMs: " in text
    assert "of 3, " in text
    assert f"{network.layers[0].name}: " in text
    assert "kbit of weights" in text
    assert "ulx3s-85f" in text.splitlines()[-1]


def test_a_refusal_counts_the_weights_beside_a_wide_shortcut_as_wide():
    network = next(
        made
        for made in (random_network(np.random.default_rng(seed), shortcuts=1) for seed in range(99))
        if any(len({edge.weight_bits for edge in layer.edges}) > 1 for layer in made.layers)
    )
    activity = measure_activity(network, [random_events(np.random.default_rng(1), network, 50)])
    with pytest.raises(DoesNotFitError) as error:
        fit_to_board(network, activity, replace(BOARDS["icebreaker"], block_rams=0, sprams=0))
    for layer in network.layers:
        words = sum(edge.weight.size for edge in layer.edges)
        kilobits = words * max(edge.weight_bits for edge in layer.edges) / 1024
        assert f"{layer.name}: {kilobits:,.1f} kbit of weights" in str(error.value)
