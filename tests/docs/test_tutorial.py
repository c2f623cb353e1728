"""The tutorial, typed as a new user would."""

import re

import pytest

from tests.docs.pages import ROOT
from tests.docs.typed import look_like_a_clone, type_page

TUTORIAL = ROOT / "docs/tutorial.md"


@pytest.mark.usefixtures("quick_builds")
def test_the_tutorial_can_be_typed_and_prints_what_it_says(tmp_path, monkeypatch, capsys):
    look_like_a_clone(tmp_path, "sw")
    monkeypatch.chdir(tmp_path)
    assert type_page(TUTORIAL, capsys) == 8
    for name in re.findall(r"`(build/[\w./]+)`", TUTORIAL.read_text()):
        assert (tmp_path / name).exists(), name
