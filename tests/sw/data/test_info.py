"""`tickless data`: what is in a file, and the same in another format."""

import json

import pytest

from tests.recordings import atis, write
from tickless.command import main

ROWS = [(5, 7, 1, 1000), (6, 8, 0, 2000), (6, 9, 0, 90000)]


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "a.bin", atis(ROWS))


def figures(capsys, *arguments):
    assert main(["data", "info", "--json", *map(str, arguments)]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_info_tells_what_is_in_a_file(file, capsys, tmp_path):
    found = figures(capsys, file, "--picture", tmp_path / "a.png")
    assert (found["format"], found["events"], found["on"], found["off"]) == ("ATIS", 3, 1, 2)
    assert (found["first_us"], found["last_us"]) == (1000, 90000)
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert main(["data", "info", str(file)]) == 0
    assert "events    3: 1 ON, 2 OFF" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["npy", "csv", "h5", "dat", "raw", "bin"])
def test_convert_keeps_the_events(file, capsys, tmp_path, suffix):
    before = figures(capsys, file)
    path = tmp_path / f"b.{suffix}"
    assert main(["data", "convert", str(file), "-o", str(path)]) == 0
    after = figures(capsys, path)
    for name in ("events", "on", "off", "x", "y"):
        assert after[name] == before[name]
    assert after["last_us"] - after["first_us"] == 89_000


@pytest.mark.parametrize("arguments", [["convert", "-o"], ["info", "--picture"]])
def test_what_is_read_is_not_written_over(file, capsys, arguments):
    before = file.read_bytes()
    assert main(["data", arguments[0], str(file), arguments[1], str(file)]) == 2
    assert f"{file}: is read, too: expected another name" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["info", "missing.raw"], "missing.raw: cannot be read: No such file"),
        (["convert", "FILE", "-o", "a.xyz"], "expected a name that ends as one of *.npy"),
        (["info", "FILE", "--columns", "t,x,y"], "columns = t,x,y: expected t, x, y and p once"),
    ],
)
def test_wrong_input(file, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(file.parent)
    arguments = [str(file) if text == "FILE" else text for text in arguments]
    assert main(["data", *arguments]) == 2
    assert words in capsys.readouterr().err
