from pathlib import Path

import pytest

from tickless.sw.integer.network import Network
from tickless.sw.judge.energy import energy_uj

PRETRAINED = Path(__file__).parents[3] / "sw" / "pretrained"


@pytest.mark.parametrize(
    ("name", "bits", "add_pj"),
    [("nmnist", 8 + 2 * 9, 0.03 + 0.07 / 24), ("nmnist-4bit", 4 + 2 * 7, 0.03)],
)
def test_energy_is_that_of_an_addition_and_of_the_bits_it_moves(name, bits, add_pj):
    network = Network.load(PRETRAINED / f"{name}.safetensors")
    expected = add_pj + bits * 10 / 64
    assert energy_uj(network, 1_000_000) == pytest.approx(expected)
    assert energy_uj(network, 0) == 0
