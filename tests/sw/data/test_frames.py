import numpy as np
import pytest
import torch

from tickless.sw.data import saccades
from tickless.sw.data.events import Events
from tickless.sw.data.frames import FrameSource, frames


def make(rows, sensor=(2, 4, 4)):
    channel, y, x, t_us = np.array(rows, np.int64).reshape(-1, 4).T
    channel, y, x = (np.ascontiguousarray(part, np.int32) for part in (channel, y, x))
    return Events(channel, y, x, t_us.copy(), sensor)


def test_equal_bins_from_first_to_last_event():
    events = make([(0, 0, 0, 100), (1, 1, 2, 149), (1, 1, 2, 150), (0, 3, 3, 199)])
    counted = frames(events, 2)
    assert counted.shape == (2, 2, 4, 4)
    assert counted.dtype == torch.float32
    assert counted[0].nonzero().tolist() == [[0, 0, 0], [1, 1, 2]]
    assert counted[1].nonzero().tolist() == [[0, 3, 3], [1, 1, 2]]


def test_events_in_one_bin_are_counted():
    assert frames(make([(0, 1, 1, 5)] * 3), 4)[0, 0, 1, 1] == 3


def test_every_event_lands_in_one_frame():
    events = saccades.sample(5)
    for steps in (1, 3, 10, 41):
        assert frames(events, steps).sum() == len(events)
    assert torch.equal(frames(events, 12).unflatten(0, (4, 3)).sum(1), frames(events, 4))


def test_outside_events_are_left_out():
    events = make([(0, 0, 0, 0), (0, 0, 4, 1), (2, 0, 0, 2), (0, -1, 0, 3)])
    assert frames(events, 2).sum() == 1


def test_empty_sample():
    assert frames(make([]), 3).sum() == 0


def test_batch_and_shifts():
    batch = FrameSource(
        [(make([(0, 0, 0, 0), (1, 3, 3, 9)]), 4), (make([(1, 2, 2, 7)]), 2)], (2, 4, 4)
    )
    assert batch.labels.tolist() == [4, 2]
    assert len(batch) == 2
    counted = batch.frames([1, 0], 2, np.array([[1, -1], [0, 1]]))
    assert counted.shape == (2, 2, 2, 4, 4)
    assert counted[:, 0].nonzero().tolist() == [[0, 1, 3, 1]]
    # (3, 3) leaves the sensor.
    assert counted[:, 1].nonzero().tolist() == [[0, 0, 0, 1]]


def test_errors():
    with pytest.raises(ValueError, match="steps = 0"):
        frames(make([(0, 0, 0, 0)]), 0)
    with pytest.raises(ValueError, match="at least one"):
        FrameSource([], (2, 4, 4))
    with pytest.raises(ValueError, match="sensor"):
        FrameSource([(make([]), 0)], (2, 34, 34))
