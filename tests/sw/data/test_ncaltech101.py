import pytest

from tests import recordings
from tickless.sw.data import ncaltech101
from tickless.sw.data.catalog import CLASSES, SENSORS, load
from tickless.sw.data.events import EventsError

ROWS = [(10, 20, 1, 5), (12, 24, 0, 9)]


def write(data, name, number, rows=ROWS):
    path = data / "NCALTECH101" / "Caltech101" / name / f"image_{number:04}.bin"
    return recordings.write(path, recordings.atis(rows))


def test_each_tenth_recording_is_a_test_sample(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    for name, number in [("yin_yang", 1), ("ant", 20), ("ant", 11), ("BACKGROUND_Google", 2)]:
        write(tmp_path, name, number)
    assert load("ncaltech101", "train").labels == (0, 7, 100)
    assert load("ncaltech101", "test").labels == (7,)
    assert load("ncaltech101", "all").labels == (0, 7, 100, 7)
    assert CLASSES["ncaltech101"] == 101
    assert list(ncaltech101.CLASSES) == sorted(ncaltech101.CLASSES)


def test_recordings_lie_in_the_middle(tmp_path):
    path = write(tmp_path, "ant", 1)
    events = ncaltech101.read(path)
    assert events.sensor == SENSORS["ncaltech101"] == (2, 180, 240)
    # A box of 5 rows and 3 columns.
    assert events.addresses.tolist() == [[1, 87, 118], [0, 91, 120]]
    assert events.t_us.tolist() == [5, 9]
    whole = ncaltech101.read(write(tmp_path, "ant", 2, [(0, 0, 0, 1), (239, 179, 0, 2)]))
    assert whole.addresses.tolist() == [[0, 0, 0], [0, 179, 239]]
    wide = ncaltech101.read(write(tmp_path, "ant", 3, [(0, 0, 0, 1), (255, 9, 0, 2)]))
    assert wide.inside.tolist() == [False, False]


def test_cut_short(tmp_path):
    path = write(tmp_path, "ant", 1)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(EventsError, match=r"image_0001\.bin: offset 5: expected 5 bytes"):
        ncaltech101.read(path)


def test_names_that_do_not_belong(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    path = write(tmp_path, "Faces", 1)
    with pytest.raises(EventsError, match=r"Faces: expected the name of one of the 101 classes"):
        load("ncaltech101", "train")
    path.rename(write(tmp_path, "ant", 1).with_name("image.bin"))
    with pytest.raises(EventsError, match=r"image\.bin: expected a name image_<n>\.bin"):
        load("ncaltech101", "train")


def test_missing_folder_says_where(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKLESS_DATA", str(tmp_path))
    with pytest.raises(EventsError, match=r"NCALTECH101.Caltech101: no recordings there\. Put"):
        load("ncaltech101", "test")
