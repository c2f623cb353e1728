import numpy as np

from tickless.sw.judge.evaluate import spike_difference


def test_spike_difference():
    reference = [np.array([[0, 0, 0], [0, 0, 0], [1, 0, 1]], np.int32)]
    assert spike_difference((2, 1, 2), reference, reference) == 0
    assert spike_difference((2, 1, 2), reference, [reference[0][:2]]) == 1 / 3
    assert spike_difference((2, 1, 2), [reference[0][:0]], reference) is None
