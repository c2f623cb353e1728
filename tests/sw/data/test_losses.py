"""Warnings of what recordings lose outside the sensor."""

import numpy as np
import pytest

from tickless.sw.data.cache import cached
from tickless.sw.data.events import Events
from tickless.sw.data.losses import DroppedWarning, Lost, dropped_text, lost_of, warn_of_dropped
from tickless.sw.data.recordings import Recordings
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.judge.evaluate import score_events


def sample(outside):
    """A hundred events, some of them outside."""
    x = np.where(np.arange(100) < outside, 99, 3).astype(np.int32)
    zeros = np.zeros(100, np.int32)
    return Events(zeros, zeros, x, np.arange(100, dtype=np.int64), (2, 34, 34))


def test_one_in_a_hundred_is_nothing_to_say_and_more_is():
    assert lost_of("a", sample(5)) == Lost("a", 100, 5)
    assert dropped_text([Lost("a", 100, 1), Lost("b", 0, 0)]) is None
    text = "2 recordings lose more than 1% of the events, which lie outside the sensor and are "
    text += "dropped: 42 of 200, most in c (40.0%)"
    lost = [Lost("a", 100, 2), Lost("b", 1000, 10), Lost("c", 100, 40)]
    assert dropped_text(lost) == text
    with pytest.warns(DroppedWarning, match="most in c"):
        warn_of_dropped(lost)


def test_training_and_judging_tell_what_is_dropped(tmp_path):
    recordings = Recordings(sample, [0, 3], [1, 2])
    text = "1 recording loses .* 3 of 100, most in sample 1"
    with pytest.warns(DroppedWarning, match=text):
        made = cached([recordings], (2, 34, 34), 1, tmp_path)
    with pytest.warns(DroppedWarning, match=text):
        mapped = cached([recordings], (2, 34, 34), 1, tmp_path)
    assert [each.dropped for each in made.lost] == [0, 3]
    assert mapped.lost == made.lost
    network = Network.load(PRETRAINED / "saccades.safetensors")
    score = score_events(network, recordings)
    assert score.dropped == 1.5
    assert score.dropped_warning == dropped_text([lost_of("samples 1", sample(3))])
    with pytest.warns(DroppedWarning, match="most in samples 1"):
        score.warn()
