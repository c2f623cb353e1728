"""A board between its PHY's pins and the host's driver, frames lost and wrong on the way."""

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tests.sim.ethernet.boards import RgmiiBench, simulate_rgmii
from tickless.gen.configure import chain_config
from tickless.gen.folding import fold_fully
from tickless.sw.integer import engine

SEED = 20


@pytest.fixture(scope="module")
def board():
    network = random_network(np.random.default_rng(SEED), layers=1, size=6)
    return network, RgmiiBench(network, chain_config(network, fold_fully(network)))


def saved(network, folder, sizes):
    """Files of samples, and the golden model's logits."""
    rng = np.random.default_rng(SEED)
    paths, logits = [], []
    for index, size in enumerate(sizes):
        events = random_events(rng, network, size)
        paths.append(str(folder / f"sample_{index}.npy"))
        np.save(paths[-1], events)
        logits.append(engine.run(network, events).logits.tolist())
    return paths, logits


def given(outcome):
    return [answer["logits"] for answer in outcome["answers"]]


def test_answers_come_through_the_pins(board, tmp_path):
    network, bench = board
    paths, logits = saved(network, tmp_path, (0, 1, 300, 1000))
    outcome = simulate_rgmii(bench, {"steps": [{"samples": paths}]}, tmp_path)
    assert given(outcome) == logits
    assert not any(outcome["losses"].values())
