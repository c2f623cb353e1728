"""Order of time: stamps that wrap, fall a little, or begin anew."""

import numpy as np
import pytest

from tickless.host.stream.arrival import PIECE, RESTART_US, Arrival, TimeOrder
from tickless.sw.data.formats.decoded import Decoded


def arrival(times, begins=False):
    count = len(times)
    number = np.arange(count, dtype=np.int32)
    return Arrival(Decoded("any", np.array(times), number, number, number > -1), 0.0, begins)


def follow(order, times, bits=None, begins=False):
    parts = list(order.follow(arrival(times, begins), bits))
    assert np.concatenate([part.events.x for part in parts]).tolist() == list(range(len(times)))
    return [(part.begins, part.events.t_us.tolist()) for part in parts]


def test_times_that_rise_stay_as_they_are():
    order = TimeOrder()
    assert follow(order, [3, 3, 9]) == [(False, [3, 3, 9])]
    assert follow(order, [9, 12]) == [(False, [9, 12])]
    assert (order.late, order.restarts) == (0, 0)


def test_a_late_event_takes_the_latest_time_and_keeps_its_place():
    order = TimeOrder()
    assert follow(order, [100, 90, 95, 101]) == [(False, [100, 100, 100, 101])]
    assert follow(order, [50, 101, 99]) == [(False, [101, 101, 101])]
    assert follow(order, [100, 102]) == [(False, [101, 102])]
    assert (order.late, order.restarts) == (5, 0)


def test_where_time_falls_far_it_begins_anew():
    order = TimeOrder()
    far = RESTART_US + 1
    assert follow(order, [5 * far, 3, 4]) == [(False, [5 * far]), (True, [3, 4])]
    assert order.restarts == 1
    follow(order, [5 * far])
    assert follow(order, [7, 9]) == [(True, [7, 9])]
    assert (order.late, order.restarts) == (0, 2)
    # Just so far is late.
    assert follow(order, [RESTART_US + 9, 9]) == [(False, [RESTART_US + 9] * 2)]


def test_one_wrong_stamp_far_ahead_does_not_hold_the_stream_up():
    order = TimeOrder()
    assert follow(order, [10, 1 << 61, 11, 12]) == [(False, [10, 1 << 61]), (True, [11, 12])]


@pytest.mark.parametrize("bits", [32, 16])
def test_a_counter_that_wraps_goes_on(bits):
    order, last = TimeOrder(), (1 << bits) - 1
    assert follow(order, [last - 5, last, 2, 4], bits) == [
        (False, [last - 5, last, last + 3, last + 5])
    ]
    # Within the next array, and a late one from before the wrap.
    assert follow(order, [last, 6], bits) == [(False, [last + 5, last + 7])]
    assert (order.late, order.restarts) == (1, 0)
    half = 1 << (bits - 1)
    for turn in range(3):
        begin = (turn + 1) << bits
        assert follow(order, [half - 1, 2 * half - 1, 10], bits)[0][1] == [
            begin + half - 1,
            begin + 2 * half - 1,
            begin + 2 * half + 10,
        ]


def test_a_source_may_say_that_time_begins_anew():
    order = TimeOrder()
    assert follow(order, [10, 11]) == [(False, [10, 11])]
    assert follow(order, [5, 6], begins=True) == [(True, [5, 6])]
    assert (order.late, order.restarts) == (0, 0)


def test_an_array_of_any_length_is_followed_in_pieces():
    order = TimeOrder()
    times = np.arange(3 * PIECE)
    times[2 * PIECE] = 0
    parts = follow(order, times.tolist())
    assert [begins for begins, _ in parts] == [False] * 3
    expected = times.copy()
    expected[2 * PIECE] = 2 * PIECE - 1
    assert [time for _, part in parts for time in part] == expected.tolist()


def test_nothing_gives_nothing():
    assert list(TimeOrder().follow(arrival([]), 32)) == []
