import numpy as np
import pytest

from tickless.sw.data.events import Events, EventsError


def make(t=(0, 5, 5), channel=(0, 1, 1), y=(0, 2, 3), x=(1, 2, 0), sensor=(2, 4, 4)):
    channel, y, x = (np.array(part, np.int32) for part in (channel, y, x))
    return Events(channel, y, x, np.array(t, np.int64), sensor)


def test_addresses_keep_the_order_of_equal_times():
    events = make()
    assert len(events) == 3
    assert events.addresses.dtype == np.int32
    assert events.addresses.tolist() == [[0, 0, 1], [1, 2, 2], [1, 3, 0]]


def test_empty():
    events = make((), (), (), ())
    assert len(events) == 0
    assert events.addresses.shape == (0, 3)


def test_outside_stays_in_the_list():
    events = make(channel=(0, 2, 1), y=(-1, 0, 3), x=(0, 0, 4))
    assert len(events) == 3
    assert events.inside.tolist() == [False, False, False]
    assert make().inside.all()


def test_falling_time():
    with pytest.raises(EventsError, match=r"t_us\[2\] = 3: expected at least 4"):
        make((0, 4, 3))


def test_lengths():
    with pytest.raises(EventsError, match="y: expected 3 entries as in t_us, got 2"):
        make(y=(0, 1))


@pytest.mark.parametrize("sensor", [(2, 0, 4), [2, 4, 4], (2, 4), (2, 4, 4.0)])
def test_sensor(sensor):
    with pytest.raises(EventsError, match="sensor"):
        make(sensor=sensor)


def test_dtype():
    array = np.zeros(2, np.int64)
    with pytest.raises(EventsError, match="channel: expected a vector of int32"):
        Events(array, array, array, array, (2, 4, 4))


def test_read_only():
    with pytest.raises(ValueError, match="read-only"):
        make().x[0] = 3
