"""Windows of a stream are those of the recording that it is."""

import numpy as np
import pytest

from tickless.errors import InputError
from tickless.host.stream import windows as module
from tickless.host.stream.arrival import Arrival
from tickless.host.stream.fit import Fit
from tickless.host.stream.windows import WAITING, Cutter, StreamWindow, WaitingWindows
from tickless.sw.data.events import EventsError
from tickless.sw.data.fitting import Fitting, Window
from tickless.sw.data.formats.decoded import Decoded

SENSOR = (2, 34, 34)


def recording(seed, count=5000, extent=40):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, extent, (2, count)).astype(np.int32)
    # With pauses that are longer than some windows.
    t_us = 700_000 + np.cumsum(rng.integers(0, 50, count) ** 3 // 100)
    return Decoded("any", t_us, x, y, rng.integers(0, 2, count) > 0)


def parts(rng, events):
    """A recording in arrivals of any size."""
    cuts = np.sort(rng.integers(0, len(events) + 1, 40)).tolist()
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(events)], strict=True)):
        yield Arrival(events.only(slice(start, end)), float(number))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "window", [Window(us=1000), Window(us=100_000), Window(events=1), Window(events=777)], ids=str
)
@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ({}, 2),
        ({"crop": (3, 5, 30, 20)}, 2),
        ({"polarity": "on"}, 1),
        ({"polarity": "merge", "crop": (0, 0, 34, 34)}, 1),
        ({"downsample": 2}, 2),
    ],
    ids=str,
)
def test_windows_are_those_of_the_recording(seed, window, options, channels):
    events, sensor = recording(seed, 2000), (channels, 34, 34)
    fitting = Fitting(**options, window=window, allow_outside=True)
    expected = fitting.fit(events, sensor, "recording")
    cutter, fit = Cutter(window), Fit(fitting, sensor)
    found = []
    for arrival in parts(np.random.default_rng(seed), events):
        found += cutter.add(arrival.with_events(fitting.taken(arrival.events, channels)))
    found += cutter.end()
    assert [taken.number for taken in found] == list(range(len(expected)))
    for taken, offline in zip(found, expected, strict=True):
        assert (fit(taken).addresses == offline.addresses).all()


def test_a_window_knows_when_its_last_event_came():
    cutter, events = Cutter(Window(events=100)), recording(1, 250)
    [first] = cutter.add(Arrival(events.only(slice(0, 100)), 1.0))
    assert cutter.add(Arrival(events.only(slice(100, 150)), 2.0)) == []
    [second] = cutter.add(Arrival(events.only(slice(150, 230)), 3.0))
    assert cutter.events == 30
    assert cutter.add(Arrival(events.only(slice(230, 250)), 4.0)) == []
    [last] = cutter.end()
    assert [window.at_s for window in (first, second, last)] == [1.0, 3.0, 4.0]


def test_a_window_ends_where_time_begins_anew():
    for window in (Window(us=1_000_000_000), Window(events=1000)):
        cutter, events = Cutter(window), recording(2, 300)
        assert cutter.add(Arrival(events.only(slice(100, 300)), 0.0)) == []
        [closed] = cutter.add(Arrival(events.only(slice(0, 100)), 0.0, begins=True))
        assert len(closed.events) == 200
        [rest] = cutter.end()
        assert len(rest.events) == 100


def test_windows_by_time_are_counted_from_where_it_begins_anew():
    def closed_at(times, begins):
        places = np.zeros(len(times), np.int32)
        events = Decoded("any", np.array(times), places, places, places > 0)
        found = cutter.add(Arrival(events, 0.0, begins))
        return [window.events.t_us.tolist() for window in found]

    cutter = Cutter(Window(us=100))
    assert closed_at([1000, 1099, 1100], False) == [[1000, 1099]]
    # Not from 0, nor on from the times before.
    assert closed_at([50, 149, 150], True) == [[1100], [50, 149]]


def test_a_window_has_room_for_so_many_events(monkeypatch):
    monkeypatch.setattr(module, "MOST_EVENTS", 100)
    cutter, events = Cutter(Window(us=1_000_000_000)), recording(3, 300)
    for arrival in parts(np.random.default_rng(3), events):
        assert cutter.add(arrival) == []
    [closed] = cutter.end()
    assert closed.events.x.tolist() == events.x[:100].tolist()
    assert cutter.beyond == 200
    with pytest.raises(InputError, match="window = 101events: expected at most 100"):
        Cutter(Window(events=101))


def window_of(number, count):
    return StreamWindow(number, recording(number, count), 0.0)


def test_the_oldest_window_is_shed_whole_when_one_more_comes_than_may_wait():
    waiting = WaitingWindows()
    for number in range(WAITING + 3):
        waiting.add(window_of(number, 10 + number))
    assert (waiting.shed_windows, waiting.shed_events) == (3, 10 + 11 + 12)
    assert len(waiting) == WAITING
    assert waiting.events == sum(10 + number for number in range(3, WAITING + 3))
    taken = [waiting.take() for _ in range(WAITING)]
    assert [window.number for window in taken if window] == list(range(3, WAITING + 3))
    assert waiting.take() is None


def test_another_cameras_first_window_is_an_error_and_a_later_one_is_not():
    fit = Fit(Fitting(), SENSOR)
    with pytest.raises(EventsError, match=r"the stream, window 7: .* give --crop"):
        fit(StreamWindow(7, recording(1, extent=400), 0.0))
    assert len(fit(window_of(8, 100))) == 100
    assert fit(StreamWindow(9, recording(1, extent=400), 0.0)).inside.mean() < 0.5
    assert (
        len(Fit(Fitting(allow_outside=True), SENSOR)(StreamWindow(7, recording(1, 99, 400), 0)))
        == 99
    )


@pytest.mark.parametrize(
    ("fitting", "sensor", "words"),
    [
        (Fitting(), (1, 34, 34), "expected --polarity merge or --polarity on"),
        (Fitting(polarity="merge"), (2, 34, 34), "expected --polarity both"),
        (Fitting(crop=(10, 20, 50, 50)), (2, 34, 34), "its sensor has 50x50 pixels"),
    ],
)
def test_what_cannot_fit_is_said_before_any_event_comes(fitting, sensor, words):
    with pytest.raises(EventsError, match=words):
        Fit(fitting, sensor)


def test_where_time_begins_anew_is_told_though_its_window_is_shed():
    waiting = WaitingWindows()
    for number in range(WAITING + 1):
        waiting.add(StreamWindow(number, recording(number), 0.0, begins=number == 0))
    taken = [waiting.take() for _ in range(3)]
    assert [window.begins for window in taken if window] == [True, False, False]
