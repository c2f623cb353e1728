import numpy as np
import pytest

from tests import recordings
from tickless.sw.data import nmnist, store
from tickless.sw.data.catalog import load
from tickless.sw.data.events import EventsError

ROWS = [(3, 5, 1, 10), (33, 0, 0, 70000), (3, 5, 0, 70000), (0, 33, 1, 300000)]


def test_read(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(recordings.atis(ROWS))
    events = nmnist.read(path)
    assert events.sensor == (2, 34, 34)
    assert events.addresses.tolist() == [[p, y, x] for x, y, p, _ in ROWS]
    assert events.t_us.tolist() == [t for *_, t in ROWS]


def test_overflow_events_move_time(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(recordings.atis([(1, 1, 0, 8000), (0, 240, 0, 0), (2, 2, 1, 100)]))
    events = nmnist.read(path)
    assert events.t_us.tolist() == [8000, 8292]


def test_events_outside_the_sensor_stay(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(recordings.atis([(34, 0, 0, 1), (0, 200, 0, 2), (1, 1, 1, 3), (2, 1, 1, 4)]))
    assert nmnist.read(path).inside.tolist() == [False, False, True, True]


def test_a_recording_of_another_camera_is_refused(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(recordings.atis([(100, 0, 0, 1), (0, 100, 0, 2), (1, 1, 1, 3)]))
    with pytest.raises(EventsError, match=r"2 of 3 events lie outside the sensor of 34x34 pixels"):
        nmnist.read(path)


def test_empty(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(b"")
    with pytest.raises(EventsError, match=r"00001.bin: the file is empty: expected 5 bytes"):
        nmnist.read(path)


def test_truncated(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(recordings.atis(ROWS)[:-2])
    with pytest.raises(EventsError, match=r"00001.bin: offset 15: expected 5 bytes.*got 3"):
        nmnist.read(path)


def test_time_falls(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(recordings.atis([(0, 240, 0, 0), (1, 1, 0, 50), (1, 1, 0, 40)]))
    with pytest.raises(EventsError, match=r"00001.bin: offset 10: expected a time stamp of at le"):
        nmnist.read(path)


def test_another_file_type(tmp_path):
    path = tmp_path / "00001.bin"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + np.random.default_rng(1).bytes(5000 - 8))
    with pytest.raises(EventsError, match="no ATIS recording"):
        nmnist.read(path)


def test_missing_file(tmp_path):
    with pytest.raises(EventsError, match=r"none.bin: cannot be read"):
        nmnist.read(tmp_path / "none.bin")


def test_partial_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    for split, label, index in [("Train", 7, 2), ("Train", 0, 9), ("Train", 0, 1), ("Test", 3, 4)]:
        path = tmp_path / "NMNIST" / split / str(label) / f"{index:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(recordings.atis([(index, 0, 0, 1)]))
    samples = load("nmnist", "all")
    assert samples.labels == (0, 0, 7, 3)
    assert [int(events.x[0]) for events, _ in samples] == [1, 9, 2, 4]
    assert samples[2][1] == 7
    assert samples[1:3].labels == (0, 7)


def test_missing_folder_says_where(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    with pytest.raises(EventsError, match=r"NMNIST.Test: no recordings there.*tickless sim"):
        load("nmnist", "test")


def test_failed_download_says_where(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no network")

    monkeypatch.delenv("TICKLESS_DATA", raising=False)
    monkeypatch.setattr(store, "user_cache_path", lambda *_: tmp_path)
    monkeypatch.setattr("tonic.datasets.NMNIST", fail)
    with pytest.raises(EventsError, match=r"no network.*TICKLESS_DATA.*tickless sim"):
        load("nmnist", "train")


def test_real_recordings():
    if not list(nmnist.folder().glob("Test/*/*.bin")):
        pytest.skip(f"no recordings in {nmnist.folder()}: set TICKLESS_DATA")
    for events, label in load("nmnist", "test")[:20]:
        assert 0 <= label < 10
        assert 500 < len(events) < 20000
        assert events.inside.all()
        assert 290_000 < events.t_us[-1] < 330_000
