"""A board between its PHY's signals and the host's driver, packets lost and wrong on the way."""

from typing import Any

import numpy as np
import pytest

from tests.random_networks import random_network
from tests.sim.planned import saved
from tests.sim.usb.boards import UsbBench, simulate_usb
from tickless.gen.configure import chain_config
from tickless.gen.folding import fold_fully
from tickless.hw.usb.port import PRODUCT, VENDOR
from tickless.hw.usb.ulpi import ULPI_HZ

SEED = 20

FUNCTION_CONTROL = 0x04
"""Register of the PHY; its bits 0 to 2 are 0 at high speed, with its termination."""


def made(shortened):
    network = random_network(np.random.default_rng(SEED), layers=1, size=34)
    return network, UsbBench(network, chain_config(network, fold_fully(network)), shortened)


@pytest.fixture(scope="module")
def board():
    return made(shortened=10)


def classify(board, folder, sizes, sessions=1, faults=0.0):
    """Outcomes of as many sessions with the same samples, whose answers are the golden model's."""
    network, bench = board
    paths, logits = saved(network, folder, sizes, SEED)
    outcomes: Any = simulate_usb(bench, {"sessions": [paths] * sessions, "faults": faults}, folder)
    for outcome in outcomes:
        assert [answer["logits"] for answer in outcome["answers"]] == logits
    return outcomes


def test_a_system_finds_a_device_of_high_speed_that_answers(board, tmp_path):
    [outcome] = classify(board, tmp_path, (0, 1, 300, 1000))
    assert not any(outcome["losses"].values())
    device = bytes.fromhex(outcome["device"])
    assert int.from_bytes(device[8:10], "little") == VENDOR
    assert int.from_bytes(device[10:12], "little") == PRODUCT
    assert outcome["product"] == "Spiking network"
    assert outcome["registers"][str(FUNCTION_CONTROL)] & 0b111 == 0


def test_events_come_nearly_as_fast_as_a_byte_a_clock(board, tmp_path):
    sizes = [3000] * 4
    [outcome] = classify(board, tmp_path, sizes)
    clocks = outcome["clocks"] / sum(sizes)
    print(f"{clocks:.2f} clocks an event, {ULPI_HZ / clocks:,.0f} events/s")
    assert clocks < 2 * 1.75  # an event is two bytes


def test_packets_that_are_lost_or_corrupt_change_no_answer(board, tmp_path):
    [outcome] = classify(board, tmp_path, [1500] * 10, faults=0.1)
    assert not any(outcome["losses"].values())
    for kind in ("lost", "corrupt", "unanswered", "again"):
        assert outcome["count"].get(kind, 0) > 0, kind


@pytest.mark.parametrize("sizes", [(300,), (300, 300)])
def test_a_cable_that_is_pulled_and_plugged_in_changes_no_answer(board, tmp_path, sizes):
    outcomes = classify(board, tmp_path, sizes, sessions=3)
    print([(outcome["count"], outcome["losses"]) for outcome in outcomes])


@pytest.mark.long
def test_a_reset_as_long_as_a_system_s_is_one(tmp_path):
    [outcome] = classify(made(shortened=1), tmp_path, (0, 1, 300))
    assert outcome["product"] == "Spiking network"
