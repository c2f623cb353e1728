"""Recordings at their own pace."""

import numpy as np

from tests.host.stream.test_windows import recording
from tickless.host.stream.playback import PlaybackSource
from tickless.sw.data.formats.decoded import Decoded


def test_an_event_comes_at_its_time_and_time_begins_anew_with_each_recording():
    recordings = [recording(1, 300), recording(2, 200)]
    now = [100.0]
    source = PlaybackSource([("any", lambda r=r: r) for r in recordings], clock=lambda: now[0])
    assert not source.ended
    for events in recordings:
        times = events.t_us - events.t_us[0]
        count, begins = 0, []
        [first] = source.read()
        begins.append(first.begins)
        count += len(first.events)
        started = now[0]
        while count < len(events):
            assert count == int((times <= (now[0] - started) * 1e6).sum())
            now[0] += 0.003
            for arrival in source.read():
                assert arrival.events.x.tolist() == (
                    events.x[count : count + len(arrival.events)].tolist()
                )
                begins.append(arrival.begins)
                count += len(arrival.events)
        assert begins == [True, *[False] * (len(begins) - 1)]
        assert now[0] - started >= times[-1] * 1e-6
    assert source.ended
    assert source.read() == []


def test_events_out_of_order_are_played_in_order_of_time():
    events = recording(1, 100)
    mixed = events.only(np.random.default_rng(1).permutation(100))
    now = [0.0]
    source = PlaybackSource([("mixed", lambda: mixed)], clock=lambda: now[0])
    source.read()
    now[0] = 1e6
    source.read()
    assert source.ended
    [note] = source.notes
    assert note.startswith("mixed: time ran backwards")


def test_a_recording_of_one_event():
    zero = np.zeros(1, np.int32)
    one = Decoded("any", np.array([7]), zero, zero, zero > 0)
    source = PlaybackSource([("one", lambda: one)])
    assert [len(arrival.events) for arrival in source.read()] == [1]
    assert source.ended
