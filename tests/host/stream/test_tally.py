"""Rates while a stream runs, what became of it, and how it is shown."""

import io
import sys

import numpy as np
import pytest

from tests.host.stream.test_windows import recording
from tickless.host.protocol import Answer
from tickless.host.stream import view as module
from tickless.host.stream.intake import Counts
from tickless.host.stream.tally import Tally
from tickless.host.stream.view import StreamView
from tickless.host.stream.windows import StreamWindow
from tickless.sw.data.events import Events
from tickless.sw.integer.trace import SampleTrace


class Clock:
    seconds = 50.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tally(clock):
    return Tally(clock)


def answer(*logits):
    return Answer(0, 0, 0, True, int(np.argmax(logits)), logits, None)


def trace(*logits):
    return SampleTrace((), np.array(logits, np.int32), np.zeros((0, 2), np.int32), 0, 0, 0, 0)


def sample(count, outside=0):
    places = np.zeros(count, np.int32)
    x = places.copy()
    x[:outside] = 34
    return Events(places, places, x, np.zeros(count, np.int64), (2, 34, 34))


def window(number, count, at_s):
    return StreamWindow(number, recording(number, count), at_s)


def test_rates_are_those_of_a_second_at_least(tally, clock):
    assert tally.now(Counts(received=900)).startswith("0 s: 0 events/s in, 0 answered")
    clock.seconds += 2.0
    tally.add(window(0, 100, 51.0), sample(100), answer(1, 2), None)
    counts = Counts(received=1000, waiting_windows=3, shed_windows=1200, malformed=7)
    told = "2 s: 500 events/s in, 50 answered (0.5 windows/s), 3 waiting, 1,200 shed, 7 malformed"
    assert tally.now(counts) == told
    clock.seconds += 0.5
    counts.received += 100_000
    assert tally.now(counts) == told
    clock.seconds += 0.5
    assert tally.now(counts).startswith("3 s: 100,000 events/s in, 0 answered (0.0 windows/s)")


def test_what_became_of_every_event(tally, clock):
    clock.seconds += 10.0
    assert tally.add(window(0, 100, 59.99), sample(100, 3), answer(1, 2), trace(1, 2)) is None
    wrong = tally.add(window(4, 50, 59.97), sample(50), answer(3, 2), trace(1, 2))
    assert wrong == "class 0, expected 1"
    counts = Counts(
        received=1000,
        left_out=40,
        beyond=60,
        shed_windows=3,
        shed_events=450,
        handed_windows=3,
        handed_events=250,
        waiting_windows=2,
        waiting_events=200,
        late=4,
        restarts=1,
        malformed=2,
        lost=5,
        notes=("a.raw: the end is cut",),
    )
    assert tally.summary(counts, "datagrams") == [
        "1,000 events in 10.0 s: 100 a second",
        "  answered          150 in 2 windows",
        "  shed              450 in 3 windows, the oldest whenever one more came than may wait",
        "  waiting           300 in 3 windows when it ended",
        "  left out           40 outside the crop, or OFF",
        "  left out           60 behind those that a window has room for",
        "2 datagrams malformed: left out",
        "5 datagrams lost: the system had no room for them",
        "3 answered events outside the network's sensor: dropped",
        "4 events late: taken as of the time before them",
        "1 times the time fell far: a window began anew",
        "a.raw: the end is cut",
        "from a window's last event to its answer: median 20.0 ms, 99 % within 29.8 ms",
        "agreement with the golden model 50.00% (1 of 2)",
    ]


def test_nothing_came(tally, clock):
    clock.seconds += 4.0
    lines = tally.summary(Counts(), "lines")
    assert lines[0] == "0 events in 4.0 s: 0 a second"
    assert len(lines) == 4


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_an_answer_that_differs_is_always_shown(terminal, tally, monkeypatch):
    output = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    view = StreamView(tally, ("cat", "dog"))
    for number in range(5):
        view.show(window(number, 10, 0.0), answer(1, 2), Counts(), "class 1, expected 0")
    assert output.getvalue().count("DIFFERS: class 1, expected 0") == 5
    if not terminal:
        assert output.getvalue().count(", 10 events: class 1 (dog), logits 1 2\n") == 5


def test_a_terminal_shows_the_rates_above_the_bars(tally, monkeypatch):
    monkeypatch.setattr(module, "PICTURE_S", 0.0)
    monkeypatch.setenv("COLUMNS", "60")
    output = Terminal()
    monkeypatch.setattr(sys, "stdout", output)
    StreamView(tally, ()).show(window(7, 10, 0.0), answer(1, 2), Counts(), None)
    title, *bars = output.getvalue().splitlines()
    assert title.startswith("0 s: 0 events/s in, 0 answered")
    assert len(title.removesuffix("\x1b[K")) < 60
    assert len(bars) == 2


def test_rates_are_told_where_nothing_comes(tally, monkeypatch, capsys):
    view = StreamView(tally, ())
    view.wait(Counts(malformed=9))
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(module, "RATES_S", 0.0)
    view.wait(Counts(malformed=9))
    assert capsys.readouterr().out.endswith("9 malformed\n")
