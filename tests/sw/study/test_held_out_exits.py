import numpy as np

from tickless.sw.data.catalog import load
from tickless.sw.integer import engine
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.judge.exits import TRIED, median_lead
from tickless.sw.study.held_out_exits import HeldOutExit, cross_exit, held_out_exits


def exits(*right_and_sops):
    shares = (*range(1, len(right_and_sops)), None)
    return [HeldOutExit(share, *each) for share, each in zip(shares, right_and_sops, strict=True)]


def test_each_part_has_the_margin_that_the_others_choose():
    # The first part bears the smallest margin, the second one does not.
    bold = exits((99, 10.0), (99, 20.0), (99, 40.0))
    shy = exits((80, 30.0), (98, 60.0), (98, 90.0))
    found = cross_exit([bold, shy], [100, 300], 0.0)
    assert found.shares == (2, 1)
    assert found.right == 99 + 80
    assert found.sops == (100 * 20.0 + 300 * 30.0) / 400


def test_other_parts_count_together():
    parts = [exits((right, 10.0), (100, 20.0)) for right in (99, 98, 100)]
    # Of 200 recordings of the others they may lose 2: the third part's lose 3.
    assert cross_exit(parts, [100] * 3, 0.01).shares == (1, 1, None)
    assert cross_exit(parts, [100] * 3, 0.01).right == 99 + 98 + 100


def test_margins_are_shares_of_the_median_lead_of_training_recordings():
    network = Network.load(PRETRAINED / "saccades.safetensors")
    kept, aside = load("saccades", "train").evenly(30), load("saccades", "test").evenly(10)
    found = held_out_exits(network, kept, aside)
    assert [exit.share for exit in found] == [*TRIED, None]
    place = 30
    margin = int(TRIED[place] * median_lead(network, kept))
    traces = [engine.run(network, events.addresses, (), margin) for events, _ in aside]
    assert found[place].sops == np.mean([trace.sops for trace in traces])
    classes = [trace.class_index for trace in traces]
    assert found[place].right == sum(map(int.__eq__, classes, aside.labels))
