"""The page about one's own recordings, typed as a new user would."""

import pytest

from tests.docs.pages import ROOT
from tests.docs.typed import look_like_a_clone, type_page


@pytest.mark.usefixtures("quick_builds")
def test_a_folder_comes_to_an_answer_of_a_board_as_the_page_says(tmp_path, monkeypatch, capsys):
    look_like_a_clone(tmp_path, "sw")
    monkeypatch.chdir(tmp_path)
    assert type_page(ROOT / "docs/howto/your-data.md", capsys) == 4
    assert "seven" in (tmp_path / "build/sim/latest/report.html").read_text()
