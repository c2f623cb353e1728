"""Logits as bars."""

import io

import pytest

from tickless.host.live import BAR, LiveView, bar
from tickless.host.protocol import Answer


def answer(*logits):
    return Answer(0, 0, 0, False, logits.index(max(logits)), logits, None)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, ""), (-1, ""), (1, "█" * BAR), (0.5, "█" * (BAR // 2)), (1.5 / BAR, "█▌")],
)
def test_bar(share, text):
    assert bar(share) == text.ljust(BAR)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_picture_takes_the_place_of_the_one_before():
    terminal = Terminal()
    view = LiveView(terminal)
    view.show("first", answer(4, -2))
    lines = terminal.getvalue().splitlines()
    assert lines == [
        "first\x1b[K",
        f">  0 {'█' * BAR} {4:10,}\x1b[K",
        f"   1 {' ' * BAR} {-2:10,}\x1b[K",
    ]
    view.show("second", answer(0, 2))
    lines = terminal.getvalue().splitlines()[3:]
    assert lines[0] == "\x1b[3Asecond\x1b[K"
    # The scale stays: 4 was the largest.
    assert lines[2] == f">  1 {('█' * (BAR // 2)).ljust(BAR)} {2:10,}\x1b[K"
    view.leave()
    view.show("third", answer(0, 1))
    assert terminal.getvalue().splitlines()[6:][0] == "third\x1b[K"
    assert "█" * BAR in terminal.getvalue().splitlines()[8]


def test_names_of_classes():
    terminal, file = Terminal(), io.StringIO()
    for output in (terminal, file):
        LiveView(output, ("cat", "dog")).show("first", answer(1, 2))
    assert [line.split()[-1] for line in terminal.getvalue().splitlines()] == [
        "first\x1b[K",
        "cat\x1b[K",
        "dog\x1b[K",
    ]
    assert file.getvalue() == "first: class 1 (dog), logits 1 2\n"
    numbered = io.StringIO()
    LiveView(numbered, ("0", "1")).show("first", answer(1, 2))
    assert numbered.getvalue() == "first: class 1, logits 1 2\n"
