import argparse

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.gen.fold import Folding, fold_fully
from tickless.gen.options import add_design_options, chosen_foldings, parse_folding


def test_foldings_by_hand():
    network = random_network(np.random.default_rng(5))
    layer = network.layers[0]
    full = fold_fully(network)
    assert parse_folding(network, []) == full
    assert parse_folding(network, [f"{layer.name}=1x1"]) == (Folding(1, 1), *full[1:])
    for text, words in [
        ("nonsense", "expected LAYER=LANESxTAPS"),
        (f"{layer.name}=0x1", "expected one of 1x1"),
        ("other=1x1", "no layer 'other': expected one of"),
    ]:
        with pytest.raises(ValueError, match=words):
            parse_folding(network, [text])


def test_options_choose():
    rng = np.random.default_rng(5)
    network = random_network(rng)
    samples = [random_events(rng, network, 50) for _ in range(2)]
    parser = argparse.ArgumentParser()
    add_design_options(parser)
    assert chosen_foldings(network, parser.parse_args([]), []) == fold_fully(network)
    least = parser.parse_args(["--budget", str(len(network.layers))])
    assert set(chosen_foldings(network, least, samples)) == {Folding(1, 1)}
