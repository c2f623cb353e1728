"""Samples of a run: chosen by a seed, read when needed, sent to whom sees no files."""

import pickle

import numpy as np
import pytest

from tickless.errors import InputError
from tickless.sim.samples import choose_samples
from tickless.sw.data import saccades
from tickless.sw.data.catalog import load
from tickless.sw.integer.network import PRETRAINED, Network


@pytest.fixture(scope="module")
def network():
    return Network.load(PRETRAINED / "saccades.safetensors")


def test_the_test_set_is_all_that_is_taken_unless_asked(network):
    test, train = (len(load("saccades", split)) for split in ("test", "train"))
    with pytest.raises(
        InputError, match=rf"saccades has {test} here in its test set: --split train or all"
    ):
        choose_samples("saccades", network, test + 1, 1)
    chosen = choose_samples("saccades", network, test + 1, 1, "all")
    assert [sample.of_test_set for sample in chosen] == [True] * test + [False]
    assert not any(s.of_test_set for s in choose_samples("saccades", network, 5, 1, "train"))
    with pytest.raises(InputError, match=f"saccades has {train} here$"):
        choose_samples("saccades", network, train + 1, 1, "train")


def test_a_carried_sample_needs_no_files(network, monkeypatch):
    [sample] = choose_samples("saccades", network, 1, 1)
    events = sample.read()
    sent = pickle.dumps(sample.carried())

    def gone(*arguments):
        raise AssertionError("read again")

    monkeypatch.setattr(saccades, "sample", gone)
    assert np.array_equal(pickle.loads(sent).read().addresses, events.addresses)


def test_a_seed_chooses_and_names_tell_samples_apart(network):
    first, again, other = (choose_samples("saccades", network, 30, seed) for seed in (1, 1, 2))
    names = [[sample.name for sample in chosen] for chosen in (first, again, other)]
    assert names[0] == names[1] != names[2]
    assert len(set(names[0])) == 30
    assert [sample.index for sample in first] == list(range(30))
