import numpy as np
import pytest
from tonic.datasets import DVSGesture

from tests import recordings
from tickless.sw.data import dvsgesture, store
from tickless.sw.data.catalog import CLASSES, UNLABELLED, load
from tickless.sw.data.events import EventsError

ROWS = [(3, 127, 1, 5000), (0, 0, 0, 900_000), (127, 64, 1, 7_000_000)]
"""x, y, polarity and microseconds."""


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    return tmp_path


def write(data, split, user, label, rows=ROWS):
    path = data / "DVSGesture" / f"ibmGesture{split}" / user / f"{label}.npy"
    return recordings.write(path, recordings.npy(rows))


@pytest.mark.parametrize("dtype", ["<i8", "<f8", "<u4", "<f4"])
def test_read(tmp_path, dtype):
    path = recordings.write(tmp_path / "3.npy", recordings.npy(ROWS, dtype))
    assert np.load(path).dtype == dtype
    events = dvsgesture.read(path)
    assert events.sensor == (2, 128, 128)
    assert events.addresses.tolist() == [[p, y, x] for x, y, p, _ in ROWS]
    assert events.t_us.tolist() == [0, 895_000, 6_995_000]


def test_classes_and_their_order_are_tonic_s():
    assert tuple(DVSGesture.classes) == dvsgesture.CLASSES
    for url in (DVSGesture.train_url, DVSGesture.test_url):
        assert url in dvsgesture.EXPECTED


def test_time_orders_events_and_equal_times_keep_their_order(tmp_path):
    rows = [(1, 0, 0, 5000), (2, 0, 0, 4000), (3, 0, 0, 5000), (4, 0, 0, 4000)]
    path = recordings.write(tmp_path / "3.npy", recordings.npy(rows))
    assert dvsgesture.read(path).x.tolist() == [2, 4, 1, 3]
    assert len(dvsgesture.read(recordings.write(path, recordings.npy([])))) == 0


def test_cut_short_at_any_byte(tmp_path):
    content = recordings.npy(ROWS)
    for length in range(len(content)):
        path = recordings.write(tmp_path / "3.npy", content[:length])
        with pytest.raises(EventsError, match=r"3\.npy: offset \d+: expected .*cut short"):
            dvsgesture.read(path)
    path = recordings.write(tmp_path / "3.npy", content[:-40])
    with pytest.raises(EventsError, match=r"offset 160: expected 3 events of 32 bytes"):
        dvsgesture.read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" * 99, "offset 0: expected the header of an array of NumPy"),
        (recordings.npy(ROWS).replace(b"(3, 4)", b"(4, 3)"), r"offset 0: .*\(events, 4\), got"),
        (recordings.npy(ROWS).replace(b"<i8", b"|O "), "offset 0: expected"),
        (recordings.npy(ROWS)[:-1] + b"\x7f", "offset 192: expected an event of 32-bit numbers"),
        (recordings.npy([*ROWS[:1], (0, 0, 0, 2**45)]), "offset 160: expected an event of 32-"),
        (recordings.npy(ROWS, "<f8")[:-2] + b"\xf8\x7f", "offset 192: expected an event of 32-"),
        (recordings.npy(ROWS) + b"more", "offset 224: expected 3 events"),
    ],
)
def test_damaged(tmp_path, content, message):
    path = recordings.write(tmp_path / "3.npy", content)
    with pytest.raises(EventsError, match=rf"3\.npy: {message}"):
        dvsgesture.read(path)


def test_missing_file(tmp_path):
    with pytest.raises(EventsError, match=r"none\.npy: cannot be read"):
        dvsgesture.read(tmp_path / "none.npy")


def test_labelled_recordings_in_order_of_user_and_label(data):
    for user, label in [("user02_led", 0), ("user01_led", 10), ("user01_led", 9)]:
        write(data, "Train", user, label)
    write(data, "Test", "user24_lab", 4, ROWS[:1])
    recordings.write(data / "dvsgesture_clips" / "1.bin", recordings.atis([(0, 0, 0, 1)]))
    assert load("dvsgesture", "train").labels == (9, 10, 0)
    test = load("dvsgesture", "test")
    assert test.labels == (4,)
    assert len(test[0][0]) == 1
    assert load("dvsgesture", "all").labels == (9, 10, 0, 4)
    assert CLASSES["dvsgesture"] == 11


def test_a_name_that_is_no_label(data):
    write(data, "Train", "user02_led", 11)
    with pytest.raises(EventsError, match=r"11\.npy: expected a name of <label>\.npy, 0 to 10"):
        load("dvsgesture", "train")


def test_clips_are_test_samples_where_nothing_else_is(data):
    rows = [(3, 127, 1, 5), (0, 0, 0, 900), (127, 64, 1, 70_000)]
    for name, count in (("2", 3), ("1", 1)):
        path = data / "dvsgesture_clips" / f"{name}.bin"
        recordings.write(path, recordings.atis(rows[:count]))
    samples = load("dvsgesture", "test")
    assert samples.labels == (UNLABELLED, UNLABELLED)
    assert [len(events) for events, _ in samples] == [1, 3]
    events, _ = samples[1]
    assert events.sensor == (2, 128, 128)
    assert events.addresses.tolist() == [[p, y, x] for x, y, p, _ in rows]
    assert events.t_us.tolist() == [t for *_, t in rows]
    assert len(load("dvsgesture", "all")) == 2
    with pytest.raises(EventsError, match=r"ibmGestureTrain: no recordings there.*clips without l"):
        load("dvsgesture", "train")


def test_a_clip_cut_short_is_refused(tmp_path):
    path = recordings.write(tmp_path / "clip.bin", recordings.atis([(1, 2, 0, 3)] * 3)[:-2])
    with pytest.raises(
        EventsError, match=r"clip\.bin: offset 10: expected 5 bytes of an event, got 3"
    ):
        dvsgesture.read(path)


def test_without_recordings_the_error_says_where_to_put_them(data):
    with pytest.raises(EventsError, match=r"Test: no recordings there\. Put .*dvsgesture_clips"):
        load("dvsgesture", "test")


def test_without_a_folder_tonic_downloads(tmp_path, monkeypatch):
    asked = []

    def download(save_to, train):
        asked.append(train)
        split = "Train" if train else "Test"
        path = tmp_path / "DVSGesture" / f"ibmGesture{split}" / "user01_led" / "7.npy"
        assert save_to == str(tmp_path)
        recordings.write(path, recordings.npy(ROWS))

    monkeypatch.delenv("TICKLESS_DATA", raising=False)
    monkeypatch.setattr(store, "user_cache_path", lambda *_: tmp_path)
    monkeypatch.setattr("tonic.datasets.DVSGesture", download)
    assert load("dvsgesture", "all").labels == (7, 7)
    assert load("dvsgesture", "test").labels == (7,)
    assert asked == [True, False]


def test_real_clips():
    if not dvsgesture.only_clips():
        pytest.skip("no clips in TICKLESS_DATA")
    for events, _ in load("dvsgesture", "test"):
        assert events.inside.all()
        assert len(events) > 10_000
        assert np.unique(events.channel).tolist() == [0, 1]
