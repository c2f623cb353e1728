"""The page about importing, typed as a new user would."""

import pytest

from tests.docs.pages import ROOT
from tests.docs.typed import look_like_a_clone, type_page
from tests.peers.comparison import PEERS


@pytest.mark.usefixtures("quick_builds")
def test_graphs_of_each_framework_come_to_the_rtl_as_the_page_says(tmp_path, monkeypatch, capsys):
    look_like_a_clone(tmp_path, "tests")
    monkeypatch.chdir(tmp_path)
    assert type_page(ROOT / "docs/howto/import.md", capsys) == 8
    for framework in PEERS:
        assert (tmp_path / f"build/import/{framework}.checkpoint.safetensors").exists()
        hardware = [*tmp_path.glob(f"build/*/*{framework}*/*.*")]
        assert hardware, framework
