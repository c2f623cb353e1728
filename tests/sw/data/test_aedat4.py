import numpy as np
import pytest

from tests import recordings
from tickless.sw.data import aedat4
from tickless.sw.data.events import EventsError

SENSOR = (2, 128, 128)

ROWS = [(3, 5, 1, 7000), (127, 0, 0, 7001), (64, 64, 1, 7001), (0, 127, 0, 950_000)]
"""x, y, polarity and microseconds."""


@pytest.mark.parametrize("compress", [bytes, recordings.lz4])
@pytest.mark.parametrize("data_table", [None, b"a table of packets"])
def test_read(tmp_path, compress, data_table):
    content = recordings.aedat4([ROWS[:3], [], ROWS[3:]], compress, data_table)
    events = aedat4.read(recordings.write(tmp_path / "a.aedat4", content), SENSOR)
    assert events.sensor == SENSOR
    assert events.addresses.tolist() == [[p, y, x] for x, y, p, _ in ROWS]
    assert events.t_us.tolist() == [0, 1, 1, 943_000]


def test_time_orders_events_and_equal_times_keep_their_order(tmp_path):
    rows = [(1, 0, 0, 50), (2, 0, 0, 40), (3, 0, 0, 50), (4, 0, 0, 40)]
    path = recordings.write(tmp_path / "a.aedat4", recordings.aedat4([rows]))
    assert aedat4.read(path, SENSOR).x.tolist() == [2, 4, 1, 3]


def test_no_packets_are_an_empty_sample(tmp_path):
    path = recordings.write(tmp_path / "a.aedat4", recordings.aedat4([]))
    assert len(aedat4.read(path, SENSOR)) == 0


def test_events_outside_the_sensor_stay(tmp_path):
    path = recordings.write(
        tmp_path / "a.aedat4", recordings.aedat4([[(128, 0, 0, 1), (0, 0, 0, 2)]])
    )
    assert aedat4.read(path, SENSOR).inside.tolist() == [False, True]


@pytest.mark.parametrize("compress", [bytes, recordings.lz4])
def test_cut_short_at_any_byte(tmp_path, compress):
    content = recordings.aedat4([ROWS[:2], ROWS[2:]], compress, data_table=None)
    ends = {len(recordings.aedat4(part, compress, None)) for part in ([], [ROWS[:2]])}
    for length in range(len(content)):
        path = recordings.write(tmp_path / "a.aedat4", content[:length])
        if length in ends:  # a whole recording of fewer packets
            assert len(aedat4.read(path, SENSOR)) < len(ROWS)
            continue
        with pytest.raises(EventsError, match=r"a\.aedat4: offset \d+: expected .*cut short"):
            aedat4.read(path, SENSOR)


def test_offset_of_a_cut_packet(tmp_path):
    first = len(recordings.aedat4([ROWS[:2]], data_table=None))
    content = recordings.aedat4([ROWS[:2], ROWS[2:]], data_table=None)
    path = recordings.write(tmp_path / "a.aedat4", content[:-7])
    with pytest.raises(EventsError, match=rf"offset {first}: expected 8 \+ 64 bytes of a packet"):
        aedat4.read(path, SENSOR)


def test_cut_before_the_data_table(tmp_path):
    content = recordings.aedat4([ROWS], data_table=b"")
    path = recordings.write(tmp_path / "a.aedat4", content[:-1])
    with pytest.raises(EventsError, match=r"offset 18: expected packets up to offset"):
        aedat4.read(path, SENSOR)


def test_any_damaged_byte_is_refused_or_changes_no_form(tmp_path):
    content = recordings.aedat4([ROWS, ROWS], recordings.lz4)
    generator = np.random.default_rng(1)
    refused = []
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= int(generator.integers(1, 256))
        path = recordings.write(tmp_path / "a.aedat4", bytes(damaged))
        try:
            assert len(aedat4.read(path, SENSOR)) <= 2 * len(ROWS)
        except EventsError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert all("a.aedat4: offset" in message for message in refused)


def test_other_files(tmp_path):
    for content, expected in (
        (b"", "offset 0"),
        (b"#!AER-DAT2.0\r\n# old\r\n", r"offset 0: expected b'#!AER-DAT4.0\\r\\n', got"),
        (recordings.aedat4([ROWS], kind="FRME"), "offset 14: expected a header that names a stre"),
    ):
        path = recordings.write(tmp_path / "a.aedat4", content)
        with pytest.raises(EventsError, match=expected):
            aedat4.read(path, SENSOR)
    with pytest.raises(EventsError, match=r"none\.aedat4: cannot be read"):
        aedat4.read(tmp_path / "none.aedat4", SENSOR)
