import os

import pytest

from tickless.environment import environment


def test_variables_are_set_for_a_while(monkeypatch):
    monkeypatch.setenv("TICKLESS_OLD", "before")
    monkeypatch.delenv("TICKLESS_NEW", raising=False)
    before = dict(os.environ)
    with environment({"TICKLESS_OLD": "now", "TICKLESS_NEW": "1"}):
        assert os.environ["TICKLESS_OLD"] == "now"
        assert os.environ["TICKLESS_NEW"] == "1"
    assert dict(os.environ) == before


def test_a_failure_leaves_them_as_they_were():
    before = dict(os.environ)
    with pytest.raises(KeyError), environment({"TICKLESS_NEW": "1"}):
        raise KeyError
    assert dict(os.environ) == before
