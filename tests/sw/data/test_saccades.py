import numpy as np
import pytest

from tickless.sw.data import saccades
from tickless.sw.data.catalog import load


def test_deterministic():
    first, again = saccades.sample(3), saccades.sample(3)
    assert np.array_equal(first.addresses, again.addresses)
    assert np.array_equal(first.t_us, again.t_us)
    other = saccades.sample(3, variant=1)
    assert not np.array_equal(first.t_us[:100], other.t_us[:100])


def test_event_counts():
    counts = [len(saccades.sample(index)) for index in range(0, 1797, 30)]
    assert 3500 < np.mean(counts) < 4500
    assert min(counts) > 1000
    assert max(counts) < 9000


def test_recording_fills_three_saccades():
    events = saccades.sample(0)
    assert events.sensor == (2, 34, 34)
    assert events.inside.all()
    assert events.t_us[0] >= 0
    assert events.t_us[-1] < 306_000
    rates = np.histogram(events.t_us, np.arange(0, 307_000, 10_200))[0].reshape(3, 10)
    assert (rates[:, 4:6].mean(axis=1) > 2 * rates[:, [0, 9]].mean(axis=1)).all()


def test_splits_share_no_digit():
    train, test = saccades.digits("train"), saccades.digits("test")
    assert len(train) + len(test) == 1797
    assert len(test) == 500
    assert not {index for index, _ in train} & {index for index, _ in test}
    everything = load("saccades", "all")
    assert everything.labels == load("saccades", "train").labels + load("saccades", "test").labels


def test_unknown_names():
    with pytest.raises(ValueError, match="dataset = 'mnist': expected one of saccades, nmnist"):
        load("mnist", "test")
    with pytest.raises(ValueError, match="split = 'val': expected one of train, test, all"):
        load("saccades", "val")


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ((0, 0), (5153, 2519, 84585, 165838)),
        ((700, 0), (4161, 2020, 67048, 146756)),
        ((1796, 0), (4274, 2117, 68218, 160148)),
        ((5, 3), (6316, 3118, 106293, 148753)),
    ],
)
def test_the_data_set_stays_what_networks_were_trained_on(key, known):
    # Processors may differ in the last bit of a logarithm, hardly any event in more.
    events = saccades.sample(*key)
    found = (len(events), events.channel.sum(), events.x.sum(), events.t_us.mean())
    assert found == pytest.approx(known, rel=1e-3)
