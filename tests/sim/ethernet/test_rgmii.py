"""A board between its PHY's pins and the host's driver, frames lost and wrong on the way."""

import numpy as np
import pytest

from tests.random_networks import random_network
from tests.sim.ethernet.boards import RgmiiBench, simulate_rgmii
from tests.sim.planned import saved
from tickless.gen.configure import chain_config
from tickless.gen.folding import fold_fully

SEED = 20


@pytest.fixture(scope="module")
def board():
    network = random_network(np.random.default_rng(SEED), layers=1, size=6)
    return network, RgmiiBench(network, chain_config(network, fold_fully(network)))


def given(outcome):
    return [answer["logits"] for answer in outcome["answers"]]


def test_answers_come_through_the_pins(board, tmp_path):
    network, bench = board
    paths, logits = saved(network, tmp_path, (0, 1, 300, 1000), SEED)
    outcome = simulate_rgmii(bench, {"steps": [{"samples": paths}]}, tmp_path)
    assert given(outcome) == logits
    assert not any(outcome["losses"].values())


def faulty(board, folder, samples, damaged):
    """Samples through a network that loses, doubles, delays and damages frames, and is noisy."""
    network, bench = board
    paths, logits = saved(network, folder, [1500] * samples, SEED)
    steps = []
    for path in paths:
        steps += [{"disturb": damaged}, {"samples": [path]}]
    outcome = simulate_rgmii(bench, {"faults": 0.06, "steps": steps}, folder)
    assert given(outcome) == logits
    for kind in ("lost", "doubled", "late", "corrupt"):
        assert sum(faults.get(kind, 0) for faults in outcome["faults"]) > 0, kind
    return outcome


def test_frames_that_are_lost_doubled_late_or_corrupt_change_no_answer(board, tmp_path):
    faulty(board, tmp_path, samples=10, damaged=6)


@pytest.mark.long
def test_a_thousand_corrupt_exchanges_change_no_answer(board, tmp_path):
    outcome = faulty(board, tmp_path, samples=250, damaged=4)
    exchanges = sum(sum(faults.values()) for faults in outcome["faults"])
    print(f"{exchanges:,} frames: {outcome['faults']}; {outcome['losses']}")
    assert exchanges > 1_000


def test_a_cable_that_is_pulled_and_plugged_in_costs_a_new_start_and_no_answer(board, tmp_path):
    network, bench = board
    paths, logits = saved(network, tmp_path, (500, 500), SEED)
    steps = [{"samples": paths[:1]}, {"outage": True}, {"samples": paths[1:]}]
    outcome = simulate_rgmii(bench, {"steps": steps}, tmp_path)
    assert given(outcome) == logits
