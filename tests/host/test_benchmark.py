"""`tickless bench link`: what it prints, and that nothing is lost on the way."""

import re

from tickless.command import main


def test_both_ends_agree(capsys):
    assert main(["bench", "link", "--seconds", "0.5"]) == 0
    output = capsys.readouterr().out
    form = r"^into {}: ([\d,]+) events/s .*, ([\d,]+) samples/s; (.*)$"
    for name in ("a sink", "the fast engine"):
        match = re.search(form.format(name), output, re.MULTILINE)
        assert match is not None
        assert int(match[1].replace(",", "")) > 0
        assert match[3].endswith("0 new starts")


def test_wrong_seconds(capsys):
    assert main(["bench", "link", "--seconds", "0"]) == 2
    assert "seconds = 0: expected more than 0" in capsys.readouterr().err
