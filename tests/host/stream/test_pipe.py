"""Lines of text from a pipe, cut anywhere."""

import os

import numpy as np
import pytest

from tickless.errors import InputError
from tickless.host.stream.pipe import PipeSource
from tickless.sw.data.formats.tables import TableForm


@pytest.fixture
def pipe():
    """Both ends of a pipe."""
    end, begin = os.pipe()
    with os.fdopen(end, "rb", buffering=0) as source, os.fdopen(begin, "wb", buffering=0) as sink:
        yield source, sink


def taken(pipe, pieces, form=None):
    """Events of lines that come in pieces, as (t, x, y, on), and the source."""
    source, sink = PipeSource(pipe[0], form or TableForm()), pipe[1]
    rows = []

    def read():
        for arrival in source.read():
            events = arrival.events
            columns = (events.t_us, events.x, events.y, events.on)
            rows.extend(zip(*(column.tolist() for column in columns), strict=True))

    for piece in pieces:
        sink.write(piece)
        read()
    sink.close()
    while not source.ended:
        read()
    return rows, source


LINES = b"t,x,y,p\n100,5,9,1\n# a remark\n\n200,33,20,0\n150,1,2,1\n"
EVENTS = [(100, 5, 9, True), (200, 33, 20, False), (150, 1, 2, True)]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_lines_may_be_cut_anywhere(pipe, size):
    pieces = [LINES[at : at + size] for at in range(0, len(LINES), size)]
    rows, source = taken(pipe, pieces)
    assert rows == EVENTS
    assert source.malformed == 0


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (LINES.replace(b",", b" "), TableForm()),
        (LINES.replace(b",", b";\t"), TableForm()),
        (LINES.replace(b",", b" , "), TableForm()),
        (LINES.replace(b",1\n", b",on\n").replace(b",0\n", b",OFF\n"), TableForm()),
        (LINES.replace(b",0\n", b",-1\n"), TableForm()),
        (LINES.partition(b"\n")[2], TableForm(("t", "x", "y", "p"))),
        (b"x,y,p,t,w\n5,9,1,100,7\n33,20,0,200,7\n1,2,1,150,7", TableForm()),
        (b"time,x,y,polarity\r\n.1,5,9,1\r\n.2,33,20,0\r\n.15,1,2,1", TableForm(None, "ms")),
    ],
)
def test_forms_of_lines(pipe, content, form):
    rows, source = taken(pipe, [content], form)
    assert rows == EVENTS
    assert source.malformed == 0


WRONG = [
    *(b"abc", b"1,2,3", b"1,2,3,1,5", b"1.5,2,3,1", b"1,2.5,3,1", b"1,-2,3,1", b"1,2,16384,1"),
    *(b"1,2,3,2", b"nan,2,3,1", b"1e300,2,3,1", b"\xff\xfe\0", b"x" * 10_000),
]  # fmt: skip


def test_lines_that_hold_no_event_are_left_out_and_counted(pipe):
    rng, good = np.random.default_rng(1), b"7,2,3,1"
    lines = [*WRONG, *[good] * 50]
    rng.shuffle(lines)
    rows, source = taken(pipe, [b"\n".join([b"t,x,y,p", good, *lines])])
    assert rows == [(7, 2, 3, True)] * 51
    assert source.malformed == len(WRONG)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"1,2,3,1\n", "its first line is '1,2,3,1': expected names of its columns, as t,x,y,p"),
        (b"t,x,y\n1,2,3\n", "its first line is 't,x,y': expected names"),
        (
            b"t,x,y,p\n0.5,2,3,1\n",
            "its first event is '0.5,2,3,1': expected numbers t,x,y,p",
        ),
        (b"AEDAT4\n\0\1", "its first line is 'AEDAT4'"),
    ],
)
def test_a_beginning_of_another_form_is_an_error(pipe, content, words):
    with pytest.raises(InputError, match=words):
        taken(pipe, [content])


def test_nothing_at_all(pipe):
    rows, source = taken(pipe, [])
    assert (rows, source.malformed, source.ended) == ([], 0, True)
