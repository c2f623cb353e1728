import gc
from dataclasses import replace

import pytest

from tests.hw.cores import make_contents, make_core
from tickless.hw.core.core import Core


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"thresholds": (0, 1, 1, 1)}, r"thresholds = \(0, 1, 1, 1\): expected 4 in 1..32"),
        ({"thresholds": (1, 1, 33, 1)}, r"thresholds = .*expected 4 in 1..32"),
        ({"floors": (-1, -33, -1, -1)}, r"floors = .*expected 4 in -32..-1"),
        ({"floors": (-1, -1)}, r"floors = .*expected 4 in -32..-1"),
        ({"weights": ((1, 2),)}, "2 weight words: expected 18"),
        ({"weights": ()}, "weights of 0 edges: expected 1"),
    ],
)
def test_impossible_contents(change, words):
    shape = make_core()
    contents = make_contents(shape)
    contents.check(shape)
    with pytest.raises(ValueError, match=f"core 'layer': {words}"):
        replace(contents, **change).check(shape)


def test_a_readout_has_no_thresholds():
    shape = make_core(
        size=(2, 2), output_shape=(4, 1, 1), kernel=2, stride=1, padding=0, taps=1, readout=True
    )
    contents = make_contents(shape)
    contents.check(shape)
    with pytest.raises(ValueError, match=r"thresholds = \(1,\): expected none for a readout"):
        replace(contents, thresholds=(1,)).check(shape)
    with pytest.raises(ValueError, match=r"initial_logits = \(1, 1, 1, 1\): expected 0 of 32 bits"):
        replace(contents, initial_logits=(1,) * 4).check(shape)
    shape = replace(shape, initial_logits=True)
    low, high = -(1 << 31), (1 << 31) - 1
    replace(contents, initial_logits=(low, high, 0, 1)).check(shape)
    for logits in ((), (1, 1, 1), (0, 0, low - 1, 0), (0, high + 1, 0, 0)):
        with pytest.raises(ValueError, match=r"initial_logits = .*: expected 4 of 32 bits"):
            replace(contents, initial_logits=logits).check(shape)


# Amaranth warns of components that were never elaborated, as those refused here.
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_a_core_refuses_what_it_cannot_hold():
    shape = make_core()
    with pytest.raises(ValueError, match="2 weight words: expected 18"):
        Core(shape, replace(make_contents(shape), weights=((1, 2),)))
    gc.collect()


def test_the_weight_memory_holds_one_edge_behind_the_other():
    contents = make_contents(make_core())
    both = replace(contents, weights=((1, 2), (3,)))
    assert both.weight_words == (1, 2, 3)
