"""Requests that are possible, and those that are not."""

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tests.recordings import atis, write
from tickless.errors import InputError
from tickless.gen.activity import measure_activity
from tickless.gen.configure import chain_config
from tickless.gen.cut import CoreLimits
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.fpga.boards import BOARDS
from tickless.gen.fpga.fit import fit_to_board
from tickless.gen.options import parse_cut, sourced_activity
from tickless.gen.plan import plan
from tickless.gen.request import DesignRequest
from tickless.hw.copies import CopiesConfig


@pytest.fixture
def network():
    return random_network(np.random.default_rng(6))


@pytest.fixture
def activity(network):
    rng = np.random.default_rng(0)
    return measure_activity(network, [random_events(rng, network, 50) for _ in range(2)])


def test_an_empty_request_is_a_fully_parallel_chain(network):
    assert not DesignRequest().needs_activity
    assert plan(network, DesignRequest()) == chain_config(network, fold_fully(network))


def test_a_board_alone_gets_the_fastest_folding_that_fits(network, activity):
    board = BOARDS["icebreaker"]
    config = plan(network, DesignRequest(board=board), activity)
    fit = fit_to_board(network, activity, board)
    assert config == chain_config(network, fit.foldings, **board.core_options)


def test_foldings_by_hand_overrule_a_board(network):
    request = DesignRequest({network.layers[0].name: Folding(1, 1)}, board=BOARDS["icebreaker"])
    assert not request.needs_activity
    config = plan(network, request)
    assert (config.cores[0].lanes, config.cores[0].taps) == (1, 1)
    assert not config.cores[0].fast_clock


def test_a_mesh_is_placed_by_the_activity(network, activity):
    cores = len(network.layers)
    config = plan(network, DesignRequest(mesh=(1, cores), margin=3), activity)
    assert config.mesh is not None
    assert (config.mesh.rows, config.mesh.columns) == (1, cores)
    assert config.cores[-1].margin == 3


def test_copies_are_of_what_one_would_be(network, activity):
    for members in ({}, {"mesh": (1, len(network.layers)), "margin": 3}):
        one = plan(network, DesignRequest(**members), activity)
        assert plan(network, DesignRequest(**members, copies=1), activity) == one
        assert plan(network, DesignRequest(**members, copies=3), activity) == CopiesConfig(one, 3)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"foldings": {"a": Folding(1, 1)}, "budget": 9}, "expected one of them"),
        ({"cuts": {"a": 2}}, "expected --mesh RxC, too"),
        ({"cuts": {"a": 0}, "mesh": (2, 2)}, "cut 'a=0': expected at least 1 slice"),
        ({"budget": 0}, "budget = 0: expected at least 1"),
        ({"mesh": (10**6, 10**6)}, "mesh 1000000x1000000: expected at most 1,024 tiles"),
        ({"margin": -1}, "margin = -1: expected an integer in 0.."),
        ({"limits": CoreLimits(updates=2)}, "expected --mesh RxC, too"),
        ({"loadable": True}, "expected --mesh RxC, too"),
        ({"copies": 0}, "copies = 0: expected 1..64"),
        ({"copies": 65}, "copies = 65: expected 1..64"),
        ({"copies": 2, "loadable": True, "mesh": (2, 2)}, "loadable: expected one of the two"),
        (
            {"board": BOARDS["icebreaker"], "mesh": (2, 2)},
            "expected --budget or --fold",
        ),
    ],
)
def test_what_is_too_small_or_excludes_each_other_is_refused(members, words):
    with pytest.raises(InputError, match=words):
        DesignRequest(**members)


def test_what_a_network_does_not_have_is_refused(network, activity):
    layer, readout = network.layers[0].name, network.layers[-1].name
    for members, words in [
        ({"foldings": {"other": Folding(1, 1)}}, "folding 'other=1x1': no layer 'other'"),
        ({"foldings": {layer: Folding(999, 1)}}, f"folding '{layer}=999x1': expected one of 1x1"),
        ({"foldings": {readout: Folding(1, 1, True)}}, "a readout has no membranes in memory"),
        ({"mesh": (9, 9), "cuts": {"other": 2}}, "cut 'other=2': no layer 'other'"),
    ]:
        with pytest.raises(InputError, match=words):
            plan(network, DesignRequest(**members), activity)


def test_a_cut_has_a_form():
    assert parse_cut("conv2d1=3") == ("conv2d1", 3)
    with pytest.raises(InputError, match="expected LAYER=SLICES, as in conv=2"):
        parse_cut("conv")


def test_activity_by_files_needs_no_data_set(tmp_path):
    network = random_network(np.random.default_rng(3))
    _, height, width = network.input_shape
    rows = [(x % width, x % height, 0, 1000 * x) for x in range(30)]
    paths = [str(write(tmp_path / f"clip/{n}.bin", atis(rows[: 10 * n]))) for n in (1, 3)]
    activity = sourced_activity(network, paths)
    assert (activity.samples, activity.input_events) == (2, 20)


def test_a_network_without_a_data_set_is_told_what_to_give(network):
    with pytest.raises(InputError, match=r"names no known data set .* expected --activity"):
        sourced_activity(network, [])
