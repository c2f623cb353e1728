"""The page about event data: its code runs and prints what it says."""

import doctest

from tests.docs.pages import ROOT, blocks


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
