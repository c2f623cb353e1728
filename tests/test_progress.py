import io

import pytest

from tickless import progress


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    monkeypatch.setattr(progress, "_shown", True)


def test_a_library_s_user_hears_nothing(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_shown", False)
    with progress.stage("works") as now_at:
        now_at("here")
    assert list(progress.bar([1, 2], "items")) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_stage_is_named_before_it_ends(shown, capsys):
    with progress.stage("works") as now_at:
        now_at("here")
        assert capsys.readouterr().err == "works ..."
    assert capsys.readouterr().err == " 0.0 s\n"


def test_a_stage_that_fails_ends_its_line(shown, capsys):
    with pytest.raises(KeyError), progress.stage("works"):
        raise KeyError
    assert capsys.readouterr().err == "works ... 0.0 s\n"


def test_a_terminal_shows_on_one_line_where_a_stage_is(shown, monkeypatch):
    error = Terminal()
    monkeypatch.setattr("sys.stderr", error)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(progress, "REFRESH_SECONDS", 0.001)
    with progress.stage("works") as now_at:
        now_at("at a place with a very long name")
        while "place" not in error.getvalue():
            pass
    first, *_, last = error.getvalue().replace("\x1b[K", "").split("\r")[1:]
    assert first == "works ... 0 s"
    assert last == "works ... 0 s\n"
    assert "works ... 0 s at a place with" in error.getvalue()
    assert "very" not in error.getvalue()


def test_a_stage_within_another_is_where_that_one_is(shown, monkeypatch, capsys):
    with progress.stage("works"), progress.stage("sings") as now_at:
        now_at("high")
    assert capsys.readouterr().err == "works ... 0.0 s\n"
    error = Terminal()
    monkeypatch.setattr("sys.stderr", error)
    monkeypatch.setattr(progress, "REFRESH_SECONDS", 0.001)
    with progress.stage("works"), progress.stage("sings") as now_at:
        now_at("high")
        while "works ... 0 s sings: high" not in error.getvalue():
            pass
    assert error.getvalue().count("\n") == 1


def test_a_bar_tells_how_far_it_is(shown, capsys):
    assert list(progress.bar(iter("ab"), "letters", "letter", 2)) == ["a", "b"]
    assert "letters:   0%|" in capsys.readouterr().err
