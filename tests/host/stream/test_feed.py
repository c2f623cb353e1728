"""The process that takes a stream: it ends when it should, and says why."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.host.stream.streams import as_decoded, datagrams, saccade, send, text_of
from tests.sim.board.boards import assert_ended
from tickless.errors import InputError
from tickless.host.stream.feed import Feed
from tickless.host.stream.inputs import PipeInput, PlaybackInput, UdpInput
from tickless.host.stream.udp import bound_socket
from tickless.sw.data.fitting import Fitting, Window
from tickless.sw.data.formats.tables import TableForm
from tickless.sw.data.options import Reading

READING = Reading(TableForm(), None, Fitting())

PATIENCE_S = 3600.0
"""However busy the machine, what is to come has come by then."""


def windows_of(feed):
    taken = []
    while not feed.ended:
        window = feed.take(PATIENCE_S)
        taken += [] if window is None else [window]
    return taken


@pytest.fixture
def lines(tmp_path):
    """File descriptor of a recording's lines."""
    path = tmp_path / "lines"
    path.write_bytes(text_of(as_decoded(saccade())))
    handle = os.open(path, os.O_RDONLY)
    yield handle
    os.close(handle)


def test_a_pipe_ends_with_its_last_window(lines):
    expected = Fitting(window=Window(us=100_000)).fit(as_decoded(saccade()), (2, 34, 34), "")
    with Feed(PipeInput(lines), READING, Window(us=100_000), 2) as feed:
        taken = windows_of(feed)
        pid = feed.pid
    assert [window.events.x.tolist() for window in taken] == [e.x.tolist() for e in expected]
    assert feed.counts.received == feed.counts.handed_events == len(saccade())
    assert feed.take(0.0) is None
    assert_ended([pid])


def test_a_recording_ends_with_its_last_window(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(text_of(as_decoded(saccade())))
    with Feed(PlaybackInput((path, path)), READING, Window(us=200_000), 2) as feed:
        sizes = [len(window.events) for window in windows_of(feed)]
    assert len(sizes) == 4
    assert sizes[:2] == sizes[2:]
    assert sum(sizes) == 2 * len(saccade())


def test_datagrams_end_after_some_seconds_with_the_open_window():
    bound = bound_socket("127.0.0.1", 0)
    send(datagrams(as_decoded(saccade()), "t32_x16_y15_on1"), bound.getsockname())
    with Feed(UdpInput(bound, "t32_x16_y15_on1"), READING, Window(events=5000), 2, 0.5) as feed:
        taken = windows_of(feed)
    assert [len(window.events) for window in taken] == [5000, len(saccade()) - 5000]


def test_a_feed_that_is_stopped_hands_nothing_out_and_tells_what_waits():
    bound = bound_socket("127.0.0.1", 0)
    address = bound.getsockname()
    with Feed(UdpInput(bound, "aestream"), READING, Window(events=5000), 2) as feed:
        assert feed.take(0.0) is None
        send([*datagrams(as_decoded(saccade()), "aestream"), b"abc"], address)
        first = feed.take(PATIENCE_S)
        assert first is not None
        feed.stop()
        feed.stop()
        assert windows_of(feed) == []
        assert feed.stopped
    counts = feed.counts
    assert counts.handed_events == 5000
    assert counts.waiting_events == counts.received - 5000
    feed.stop()


def test_counts_come_where_no_window_does():
    told = threading.Event()
    bound = bound_socket("127.0.0.1", 0)
    send([b"abc"] * 5, bound.getsockname())
    with Feed(UdpInput(bound, "aestream"), READING, Window(events=5000), 2) as feed:

        def tell(counts):
            if counts.malformed == 5:
                told.set()
                feed.stop()

        feed.tell = tell
        assert windows_of(feed) == []
    assert told.is_set()


def test_what_the_process_cannot_take_is_an_error_here(tmp_path, lines):
    with (
        pytest.raises(InputError, match=r"missing\.csv: cannot be read"),
        Feed(PlaybackInput((Path("missing.csv"),)), READING, Window(events=9), 2) as feed,
    ):
        windows_of(feed)
    with pytest.raises(InputError, match="window = 2000000events: expected at most 1000000"):
        Feed(PipeInput(lines), READING, Window(events=2_000_000), 2)


def test_a_process_that_dies_is_told_of():
    bound = bound_socket("127.0.0.1", 0)
    with Feed(UdpInput(bound, "aestream"), READING, Window(events=5000), 2) as feed:
        os.kill(feed.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="the process that takes the stream has ended"):
            windows_of(feed)


def test_a_feed_that_is_left_in_the_middle_ends_its_process(lines):
    with Feed(PipeInput(lines), READING, Window(events=10), 2) as feed:
        assert feed.take(PATIENCE_S) is not None
    assert_ended([feed.pid])
