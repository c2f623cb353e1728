"""Fitting a recording to a sensor: what does not fit is an error that names the option."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickless.errors import InputError
from tickless.sw.data.events import EventsError
from tickless.sw.data.fitting import Fitting, Window, parse_crop, parse_window
from tickless.sw.data.formats.decoded import Decoded

SENSOR = (2, 34, 34)


def decoded(places, size=None, on=None):
    x, y = np.array(places, np.int32).T
    times = 1000 * np.arange(len(x), dtype=np.int64) + 500
    return Decoded("made", times, x, y, np.ones(len(x), bool) if on is None else np.array(on), size)


def test_what_fits_stays_as_it_is_and_time_begins_at_zero():
    [events] = Fitting().fit(decoded([(1, 2), (33, 0)], on=[True, False]), SENSOR, "a")
    assert events.addresses.tolist() == [[1, 2, 1], [0, 0, 33]]
    assert events.t_us.tolist() == [0, 1000]


def test_a_larger_sensor_is_refused_even_if_its_events_would_fit():
    with pytest.raises(EventsError, match=r"a: its sensor has 320x240 pixels, .*give --crop"):
        Fitting().fit(decoded([(1, 2)], (320, 240)), SENSOR, "a")


def test_most_events_outside_are_refused_unless_allowed():
    places = [(100, 0), (0, 100), (1, 1)]
    with pytest.raises(EventsError, match="2 of 3 events lie outside"):
        Fitting().fit(decoded(places), SENSOR, "a")
    [events] = Fitting(allow_outside=True).fit(decoded(places), SENSOR, "a")
    assert events.inside.tolist() == [False, False, True]


def test_crop_and_downsample():
    fitting = Fitting(crop=(100, 50, 68, 68), downsample=2)
    [events] = fitting.fit(decoded([(0, 0), (100, 50), (167, 117)], (320, 240)), SENSOR, "a")
    assert events.addresses.tolist() == [[1, 0, 0], [1, 33, 33]]
    with pytest.raises(EventsError, match="no event lies in it"):
        Fitting(crop=(200, 200, 10, 10)).fit(decoded([(1, 1)]), SENSOR, "a")


@pytest.mark.parametrize(
    ("polarity", "channels"), [("merge", [0, 0, 0]), ("on", [0, 0])], ids=["merge", "on"]
)
def test_a_sensor_of_one_channel_needs_a_choice(polarity, channels):
    recording = decoded([(1, 1), (2, 2), (3, 3)], on=[True, False, True])
    [events] = Fitting(polarity=polarity).fit(recording, (1, 34, 34), "a")
    assert events.channel.tolist() == channels
    with pytest.raises(EventsError, match="--polarity merge or --polarity on"):
        Fitting().fit(recording, (1, 34, 34), "a")
    with pytest.raises(EventsError, match="expected --polarity both"):
        Fitting(polarity=polarity).fit(recording, SENSOR, "a")


def test_the_events_that_are_taken_stay_as_the_camera_has_them():
    recording = decoded([(1, 1), (12, 2), (13, 3)], on=[True, False, True])
    fitting = Fitting(crop=(10, 0, 34, 34), polarity="on")
    taken = fitting.taken(recording, channels=1)
    assert (taken.x.tolist(), taken.t_us.tolist()) == ([13], [2500])
    assert fitting.taken(recording, channels=2).x.tolist() == [12, 13]
    assert len(Fitting().taken(recording, channels=1)) == 3
    # Taken twice is taken once.
    assert fitting.fit(taken, (1, 34, 34), "a")[0].x.tolist() == [3]


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=50), st.integers(1, 50_000))
def test_windows_hold_each_event_once(steps, length):
    times = np.cumsum(steps).astype(np.int64)
    zeros = np.zeros(len(times), np.int32)
    recording = Decoded("made", times, zeros, zeros, zeros > 0)
    for window in (Window(us=length), Window(events=1 + length % 7)):
        parts = Fitting(window=window).fit(recording, SENSOR, "a")
        assert sum(map(len, parts)) == len(times)
        assert all(len(part) for part in parts)
        if window.us is not None:
            assert all(part.t_us[0] >= 0 and part.t_us[-1] < length for part in parts)


@pytest.mark.parametrize("downsample", [0, 1025, 10**20])
def test_more_than_a_camera_has_is_no_downsample(downsample):
    with pytest.raises(InputError, match=f"downsample = {downsample}: expected 1 to 1024"):
        Fitting(downsample=downsample)


@pytest.mark.parametrize("text", [f"{10**20}s", f"{10**20}events", f"{10**10}s"])
def test_a_window_beyond_all_times_is_refused(text):
    with pytest.raises(
        InputError, match=f"window = '{text}': expected at most 9007199254740992 us"
    ):
        parse_window(text)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_crop, "1,2,3x4", (1, 2, 3, 4)),
        (parse_window, "100ms", Window(us=100_000)),
        (parse_window, "5000events", Window(events=5000)),
    ],
)
def test_options_are_parsed(parse, text, value):
    assert parse(text) == value
    with pytest.raises(InputError, match="expected"):
        parse(f"{text}?")
