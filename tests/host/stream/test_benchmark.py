"""`tickless bench stream`: all that is sent is told of."""

import re

import pytest

from tickless.command import main


@pytest.mark.parametrize("form", ["aestream-stamped", "t64_x16_y16_on8"])
def test_every_event_is_accounted_for(form, capsys):
    options = ["--seconds", "0.5", "--rate", "20000", "--udp-format", form]
    assert main(["bench", "stream", *options]) == 0
    output = capsys.readouterr().out
    sent = re.search(r"^asked for 20,000 events/s as \S+; sent ([\d,]+) in", output)
    received = re.search(r"^([\d,]+) events in", output, re.MULTILINE)
    assert sent is not None
    assert received is not None
    assert number(sent[1]) == 20_000 // 2 // events_of(form) * events_of(form)
    parts = [
        re.search(rf"^  {name} +([\d,]+) in", output, re.MULTILINE)
        for name in ("answered", "shed", "waiting")
    ]
    assert sum(number(part[1]) for part in parts if part) == number(received[1])
    lost = re.search(r"^lost ([\d,]+) datagrams", output, re.MULTILINE)
    assert lost is not None
    assert number(sent[1]) == number(received[1]) + number(lost[1]) * events_of(form)
    assert re.search(r"median [\d,.]+ ms, 99 % within [\d,.]+ ms", output)
    assert "peak memory: in the end" in output


def number(text):
    return int(text.replace(",", ""))


def events_of(form):
    return {"aestream-stamped": 64, "t64_x16_y16_on8": 100}[form]


@pytest.mark.parametrize("options", [["--seconds", "0"], ["--rate", "0"], ["--rate", "nan"]])
def test_wrong_options(options, capsys):
    assert main(["bench", "stream", *options]) == 2
    assert "expected more than 0 seconds" in capsys.readouterr().err
