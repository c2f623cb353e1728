import numpy as np
import pytest

from sw.data import dvsgesture
from sw.data.catalog import UNLABELLED, load
from sw.data.events import EventsError

RECORDS = [(3, 127, 1, 5), (0, 0, 0, 900), (127, 64, 1, 70_000)]
"""x, y, polarity and microseconds."""


def write_clip(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"".join(bytes([x, y]) + (p << 23 | t).to_bytes(3, "big") for x, y, p, t in records)
    )


def test_clips_are_read_in_the_order_of_their_names(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    write_clip(tmp_path / "dvsgesture_clips" / "2.bin", RECORDS)
    write_clip(tmp_path / "dvsgesture_clips" / "1.bin", RECORDS[:1])
    samples = load("dvsgesture", "test")
    assert samples.labels == (UNLABELLED, UNLABELLED)
    assert [len(events) for events, _ in samples] == [1, 3]
    events, _ = samples[1]
    assert events.sensor == (2, 128, 128)
    assert events.addresses.tolist() == [[p, y, x] for x, y, p, _ in RECORDS]
    assert events.t_us.tolist() == [t for *_, t in RECORDS]
    assert len(load("dvsgesture", "train")) == 0
    assert len(load("dvsgesture", "all")) == 2


def test_a_clip_cut_short_is_refused(tmp_path):
    path = tmp_path / "clip.bin"
    write_clip(path, RECORDS)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(
        EventsError, match=r"clip\.bin: offset 10: expected 5 bytes of an event, got 3"
    ):
        dvsgesture.read(path)


@pytest.mark.parametrize("given", [True, False])
def test_without_clips_the_error_says_where_to_put_them(tmp_path, monkeypatch, given):
    if given:
        monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    else:
        monkeypatch.delenv("TICKLESS_DATA", raising=False)
    with pytest.raises(EventsError, match=r"no clips there\. Put recordings of DVS128-Gesture"):
        load("dvsgesture", "test")


def test_real_clips():
    try:
        samples = load("dvsgesture", "test")
    except EventsError as error:
        pytest.skip(str(error))
    for events, _ in samples:
        assert events.inside.all()
        assert len(events) > 10_000
        assert np.unique(events.channel).tolist() == [0, 1]
