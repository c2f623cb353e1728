"""Event lists in words of 16 bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickless.errors import InputError
from tickless.host.event_lists import ListEvent, ListWriter, decode, encode_recordings
from tickless.hw.passes.words import Marker

EVENTS = st.tuples(
    st.integers(0, 511), st.integers(0, 127), st.integers(0, 127), st.integers(0, 20_000)
)
TOKENS = st.lists(st.one_of(EVENTS, st.sampled_from([Marker.READ, Marker.END])))


@given(TOKENS)
def test_what_was_written_is_read_again(tokens):
    out, expected, index = ListWriter(), [], -1
    for token in tokens:
        if isinstance(token, Marker):
            out.marker(token)
            expected.append(token)
            index = -1 if token == Marker.END else index
        else:
            channel, y, x, wanted = token
            index = max(index, wanted)
            out.event(channel, y, x, index)
            expected.append(ListEvent(channel, y, x, index))
    out.marker(Marker.STOP)
    assert list(decode(out.words)) == [*expected, Marker.STOP]
    assert all(0 <= word < 1 << 16 for word in out.words)


def test_an_event_near_the_one_before_takes_one_word():
    out = ListWriter()
    out.event(3, 100, 100)
    assert len(out.words) == 2
    out.event(511, 97, 103)
    assert len(out.words) == 3
    out.event(0, 101, 103)  # four rows on: one more than a delta holds
    assert len(out.words) == 5


def test_a_batch_has_an_end_behind_each_recording_and_its_reads_in_place():
    events = np.array([[0, 1, 1], [1, 9, 9], [1, 2, 2]], np.int32)
    words, dropped = encode_recordings([(events, [0, 2, 3]), (events[:0], [])], (2, 4, 4))
    assert dropped == 1
    assert list(decode(words)) == [
        Marker.READ,
        ListEvent(0, 1, 1),
        Marker.READ,
        ListEvent(1, 2, 2),
        Marker.READ,
        Marker.END,
        Marker.END,
        Marker.STOP,
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([1, 3], "word 1 of an event list: 0x0003 is none of its markers"),
        ([1], "expected STOP at its end"),
    ],
)
def test_words_that_are_no_list_are_refused(words, message):
    with pytest.raises(InputError, match=message):
        list(decode(words))
