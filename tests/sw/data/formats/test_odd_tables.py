"""Tables as other programs write them: read rightly, or refused with what to do."""

import h5py
import numpy as np
import pytest

from tests.memory import MIB, peak_bytes
from tickless.sw.data.events import EventsError
from tickless.sw.data.formats.recording_file import decode
from tickless.sw.data.formats.tables import TableForm

LINES = ("1000,2,3,1", "5000,3,4,0", "9000,4,5,1")

ROWS = "\n".join(LINES)


def table(header, rows=ROWS):
    return f"{header}\n{rows}\n".encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("byte-order mark", b"\xef\xbb\xbf" + table("ts,x,y,pol")),
        ("lines of Windows", table("t,x,y,p").replace(b"\n", b"\r\n")),
        ("semicolons", table("timestamp;x;y;polarity").replace(b",", b";")),
        ("tabs", table("Time\tX\tY\tPol").replace(b",", b"\t")),
        ("quoted names", table('"t","x","y","p"')),
        ("pandas' index", table(",t,x,y,p", "\n".join(f"{i},{r}" for i, r in enumerate(LINES)))),
        ("a column more", table("t,x,y,p,label", "\n".join(f"{row},7" for row in LINES))),
        ("names in a comment", table("# t x y p").replace(b",", b" ")),
        ("comments before the names", b"% made by hand\n// at noon\n" + table("t,x,y,p")),
        ("nanoseconds by name", table("t_ns,x,y,p").replace(b"000,", b"000000,")),
        ("milliseconds in brackets", table("t [ms],x,y,p").replace(b"000,", b",")),
        ("scientific numbers", table("t,x,y,p").replace(b"000,", b"e3,")),
        ("words", table("t,x,y,p").replace(b",1\n", b",True\n").replace(b",0\n", b",False\n")),
    ],
)
def test_tables_of_other_programs(tmp_path, name, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    got = decode(path)
    assert got.t_us.tolist() == [1000, 5000, 9000]
    assert (got.x.tolist(), got.y.tolist()) == ([2, 3, 4], [3, 4, 5])
    assert (got.on.tolist(), got.flaws) == ([True, False, True], ())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (table("when,x,y,p"), "known names of its 4 columns, got when,x,y,p: give --columns"),
        (b"\xef\xbb\xbf" + ROWS.encode(), "names of its 4 columns, which are in no particular"),
        (table("t;x;y;p", "1,5;2;3;1"), "4 columns, t,x,y,p: got 5"),
        (table("t,x,y,p").decode().encode("utf-16"), "lines of ASCII text"),
        (table("t,x,y,p", "1,2,3,255\n2,3,4,0"), "polarities 0 and 1, or -1 and 1, got 0, 255"),
        (table("t,x,y,p", "1,2,3,0\n2,3,4,1\n3,3,4,-1"), "or -1 and 1, got -1, 0, 1"),
        (table("t,x,y,p", "1600000000000000000,2,3,1"), "give the unit, as in --time-unit ns"),
        (b"<html><body>404</body></html>", "lines of events, but there is none"),
        (bytes(range(256)) * 100, "numbers, got"),
        (b"\x1f\x8b\x08\x00compressed", "lines of"),
        (b"\n\n", "lines of events, but there is none"),
        (table("t,x,y,p", "1," * 100_000), "4 columns, t,x,y,p: got 100000"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(EventsError) as caught:
        decode(path)
    assert words in str(caught.value)


def test_an_option_comes_before_the_unit_in_a_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(table("t_ns,x,y,p"))
    assert decode(path, TableForm(time_unit="us")).t_us.tolist() == [1000, 5000, 9000]
    fields = [("timestamp_ms", "u8"), ("x", "u2"), ("y", "u2"), ("p", "?")]
    np.save(tmp_path / "a.npy", np.array([(5, 1, 1, True)], fields))
    assert decode(tmp_path / "a.npy").t_us.tolist() == [5000]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, value in (("t_s", 0.5), ("x", 1), ("y", 2), ("p", 1)):
            file[f"events/{name}"] = [value]
    assert decode(tmp_path / "a.h5").t_us.tolist() == [500_000]


def test_negative_times_are_times(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(table("t,x,y,p", "-500,2,3,1\n-100,3,4,0"))
    assert decode(path).t_us.tolist() == [-500, -100]


def test_many_lines_are_read_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("tickless.sw.data.formats.text.BLOCK", 16)
    path = tmp_path / "a.csv"
    rows = "\n".join(f"{t},{t % 7},{t % 5},{'on' if t % 2 else 'off'}" for t in range(50))
    path.write_bytes(table("t,x,y,p", rows) + b"50,1")
    got = decode(path)
    assert got.t_us.tolist() == list(range(50))
    assert got.on.tolist() == [t % 2 == 1 for t in range(50)]
    [flaw] = got.flaws
    assert flaw == f"offset {path.stat().st_size - 4}: a line's end is cut: it is left out"


def test_a_small_file_that_claims_to_be_huge_takes_no_memory(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for name in "txyp":
            file.create_dataset(f"events/{name}", (10**9,), "u1", chunks=(1000,))

    def read():
        with pytest.raises(EventsError, match="in so small a file, got 1,000,000,000"):
            decode(path)

    read()
    assert peak_bytes(read) < 16 * MIB


@pytest.mark.parametrize("name", ["a folder", "a broken link", "a loop"])
def test_what_is_no_file_is_told(tmp_path, name):
    path = tmp_path / "a.raw"
    if name == "a folder":
        path.mkdir()
    else:
        path.symlink_to(path if name == "a loop" else tmp_path / "nowhere")
    with pytest.raises(EventsError, match=r"a\.raw: cannot be read: "):
        decode(path)
