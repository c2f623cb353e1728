from argparse import ArgumentTypeError

import pytest

from tickless.command import main
from tickless.sw.option_types import at_least, at_least_one, real


@pytest.mark.parametrize("text", ["", "x", "1.5", "nan"])
def test_what_is_no_whole_number_is_refused_by_what_was_expected(text):
    for take in (at_least_one, lambda given: at_least(0, given)):
        with pytest.raises(ArgumentTypeError, match=f"'{text}': expected a whole number"):
            take(text)


@pytest.mark.parametrize("text", ["", "x", "1,5"])
def test_what_is_no_number_is_refused_by_what_was_expected(text):
    with pytest.raises(ArgumentTypeError, match=f"'{text}': expected a number"):
        real(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["judge", "accuracy", "a", "--samples", "x"],
        ["judge", "accuracy", "a", "--seed", "x"],
        ["judge", "early-exit", "a", "--most-lost", "x"],
        ["import", "a", "-o", "b", "--floor", "x"],
    ],
    ids=lambda arguments: arguments[-2],
)
def test_refusals_name_no_function(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    told = capsys.readouterr().err.splitlines()[-1]
    assert "'x': expected a" in told
    assert "invalid" not in told
