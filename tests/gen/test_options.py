import argparse

import numpy as np
import pytest

from tests.random_networks import random_events, random_network
from tickless.gen.activity import measure_activity
from tickless.gen.folding import Folding, fold_fully
from tickless.gen.options import add_design_options, design_request, parse_folding
from tickless.gen.plan import plan_foldings
from tickless.gen.request import DesignRequest


def test_foldings_by_hand():
    network = random_network(np.random.default_rng(5))
    layer = network.layers[0]
    full = fold_fully(network)

    def chosen(*texts):
        return plan_foldings(network, DesignRequest(foldings=dict(map(parse_folding, texts))))

    assert chosen() == full
    assert chosen(f"{layer.name}=1x1") == (Folding(1, 1), *full[1:])
    for text, words in [
        ("nonsense", "expected LAYER=LANESxTAPS"),
        (f"{layer.name}=0x1", "expected one of 1x1"),
        ("other=1x1", "no layer 'other': expected one of"),
    ]:
        with pytest.raises(ValueError, match=words):
            chosen(text)


def test_options_choose():
    rng = np.random.default_rng(5)
    network = random_network(rng)
    activity = measure_activity(network, [random_events(rng, network, 50) for _ in range(2)])
    parser = argparse.ArgumentParser()
    add_design_options(parser)
    nothing = design_request(parser.parse_args([]))
    assert nothing == DesignRequest()
    assert plan_foldings(network, nothing) == fold_fully(network)
    least = design_request(parser.parse_args(["--budget", str(len(network.layers))]))
    assert set(plan_foldings(network, least, activity)) == {Folding(1, 1)}
