"""What becomes of a stream's events: each is counted once."""

import numpy as np
import pytest

from tests.host.stream.test_windows import parts, recording
from tickless.host.stream import windows as module
from tickless.host.stream.arrival import Arrival
from tickless.host.stream.intake import Intake
from tickless.sw.data.fitting import Fitting, Window


class Script:
    """Source that gives what it was given, an arrival a read."""

    handle = None
    period_s = 0.0
    time_bits = 32
    malformed, datagrams, lost, notes = 1, 2, 3, ("cut",)

    def __init__(self, arrivals):
        self._left = list(arrivals)

    @property
    def ended(self):
        return not self._left

    def read(self):
        return [self._left.pop(0)]


def whole(counts):
    return (
        counts.left_out
        + counts.beyond
        + counts.shed_events
        + counts.handed_events
        + counts.waiting_events
    )


@pytest.mark.parametrize("seed", range(20))
def test_every_event_is_counted_once_however_slow_the_target(seed, monkeypatch):
    monkeypatch.setattr(module, "MOST_EVENTS", 150)
    rng = np.random.default_rng(seed)
    events = recording(seed)
    arrivals = list(parts(rng, events))
    # Times that fall, a little and far, too.
    arrivals[7:7] = [Arrival(recording(seed + 100, 30), 7.0), *parts(rng, recording(seed, 400))]
    window = [Window(us=2_000), Window(events=15)][seed % 2]
    intake = Intake(Script(arrivals), window, Fitting(crop=(0, 0, 20, 30)), channels=2)
    handed = []
    while not intake.ended:
        intake.read()
        for _ in range(int(rng.integers(0, 3))):
            taken = intake.take()
            handed += [] if taken is None else [taken]
        counts = intake.counts
        assert counts.received == whole(counts)
    while (taken := intake.take()) is not None:
        handed.append(taken)
    counts = intake.counts
    assert counts.received == whole(counts) == sum(len(item.events) for item in arrivals)
    assert counts.waiting_events == counts.waiting_windows == 0
    assert counts.handed_windows == len(handed)
    assert counts.handed_events == sum(len(taken.events) for taken in handed)
    numbers = [taken.number for taken in handed]
    assert numbers == sorted(set(numbers))
    assert counts.shed_windows == numbers[-1] + 1 - len(numbers) > 0
    assert counts.left_out > 0
    assert (counts.malformed, counts.datagrams, counts.lost, counts.notes) == (1, 2, 3, ("cut",))


def test_nothing_is_taken_behind_the_end():
    events = recording(1, 100)
    script = Script([Arrival(events, 0.0), Arrival(events, 0.0)])
    intake = Intake(script, Window(us=10_000_000), Fitting(), channels=2)
    intake.read()
    assert (intake.counts.waiting_windows, intake.take()) == (1, None)
    intake.end()
    intake.end()
    assert intake.ended
    taken = intake.take()
    assert taken is not None
    assert len(taken.events) == 100
    assert intake.take() is None
