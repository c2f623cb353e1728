"""Clock of a simulated board, as its client sees it."""

import pytest

from tickless.host import clock as module
from tickless.host.clock import GLANCE_S, STANDSTILL_S, SimulatedClock, clock_path, start_clock


class Seconds:
    """This machine's time."""

    def __init__(self):
        self.passed = 100.0

    def monotonic(self):
        return self.passed


@pytest.fixture
def path(tmp_path):
    path = clock_path(str(tmp_path / "port"))
    start_clock(path)
    return path


@pytest.fixture
def seconds(monkeypatch):
    seconds = Seconds()
    monkeypatch.setattr(module, "time", seconds)
    return seconds


def test_shows_what_was_set(path):
    ours, theirs = SimulatedClock(path), SimulatedClock(path)
    assert theirs.now_s() == 0
    for value in (0.25, 1e-9, 123456.789):
        ours.set(value)
        assert theirs.now_s() == value


def test_patience_without_end_while_it_moves(path, seconds):
    clock = SimulatedClock(path)
    for step in range(1000):
        seconds.passed += 0.9 * STANDSTILL_S
        clock.set(step * 1e-6)
        assert clock.now_s() == step * 1e-6


def test_a_clock_that_is_watched_and_does_not_move(path, seconds):
    clock = SimulatedClock(path)
    for _ in range(round(STANDSTILL_S)):
        assert clock.now_s() == 0
        seconds.passed += 1
    seconds.passed += 1
    with pytest.raises(TimeoutError, match="the simulated board has stood still for 120 s"):
        clock.now_s()


def test_a_client_that_was_stopped_itself(path, seconds):
    """With its board: it must not think, when it goes on, that the board stood still."""
    clock = SimulatedClock(path)
    clock.now_s()
    seconds.passed += 100 * STANDSTILL_S
    assert clock.now_s() == 0
    assert clock._still_s == GLANCE_S


def test_no_clock(tmp_path):
    with pytest.raises(FileNotFoundError):
        SimulatedClock(tmp_path / "port.clock")
