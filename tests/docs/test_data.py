"""The page about event data: its code runs and prints what it says."""

import doctest
import re

from tests.docs.pages import ROOT, blocks
from tickless.sw.data.formats.recording_file import FORMATS
from tickless.sw.data.formats.writing import WRITERS


def test_an_object_of_python_is_judged_as_the_page_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    block, printed, function = [
        block
        for block in blocks(ROOT / "docs/data.md")
        if "Corners" in block.text or block.text.startswith(("20 1", "def gestures"))
    ]
    exec(block.text, {})
    assert doctest.OutputChecker().check_output(printed.text, capsys.readouterr().out, 0)
    names = {}
    exec(function.text, names)
    assert callable(names["gestures"])


def test_the_table_of_files_says_what_is_read_and_written():
    page = (ROOT / "docs/data.md").read_text()
    rows = re.findall(r"^\| (`\*\..*?) \| yes \| *(.*?) *\|$", page, re.MULTILINE)
    read, written = set(), set()
    for files, how in rows:
        names = re.findall(r"`\*(\.\w+)`", files)
        read.update(names)
        written.update(re.findall(r"`\*(\.\w+)`", how) or (names if how else []))
    assert read == set(FORMATS) - {".hdf5"}
    assert written == set(WRITERS)
