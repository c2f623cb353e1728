"""`tickless bench decoding`: files that are made, or given, and events a second."""

import re

import pytest

from tests.recordings import atis, write
from tickless.command import main
from tickless.sw.data import benchmark
from tickless.sw.data.formats.recording_file import decode


def test_each_format_is_timed(capsys):
    assert main(["bench", "decoding", "--events", "2000"]) == 0
    lines = re.findall(
        r"^(\S.*?) +\*(\.\w+) +2,000 events +[\d.]+ million events/s$",
        capsys.readouterr().out,
        re.MULTILINE,
    )
    assert {"EVT 2.0", "EVT 3.0", "DAT", "AEDAT 4.0"} < {name for name, _ in lines}
    assert len(lines) == 8


def test_files_are_timed_instead(tmp_path, capsys):
    path = write(tmp_path / "a.bin", atis([(1, 2, 1, 5)]))
    assert main(["bench", "decoding", str(path)]) == 0
    assert re.fullmatch(rf"ATIS +{path} +1 events .*\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "encode"), [("a.raw", benchmark._evt3), ("a.aedat4", benchmark._aedat4)]
)
def test_what_is_made_is_what_is_read(tmp_path, name, encode):
    made = benchmark._random_events(20_001)
    path = write(tmp_path / name, encode(made))
    got = decode(path)
    for column in ("t_us", "x", "y", "on"):
        assert (getattr(got, column) == getattr(made, column)).all()
