import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tickless.errors import InputError
from tickless.run_folder import complete_runs, run_folder, run_name

CHILD = """
import sys, time
from pathlib import Path
from tickless.run_folder import run_folder
with run_folder(Path(sys.argv[1]), sys.argv[2]) as folder:
    (folder / "file").write_text("from a child")
    print(folder, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def child(tmp_path):
    """Starts runs in other processes, which write a file and wait."""
    started = []

    def start(name):
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "runs"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def write(parent, name, text, output=None):
    with run_folder(parent, name, output) as folder:
        (folder / "file").write_text(text)
    return folder


def interrupted(parent, name):
    with run_folder(parent, name) as folder:
        (folder / "log").write_text("why")
        raise KeyboardInterrupt


def folders(parent):
    return sorted(path.name for path in parent.iterdir() if path.is_dir())


def test_a_name_is_readable_and_the_same_for_the_same_parts():
    assert run_name("nmnist", "mesh3x3", "", "margin5000") == "nmnist-mesh3x3-margin5000"
    assert run_name("x", "fold=conv2d1=8x4:single-port") == run_name(
        "x", "fold=conv2d1=8x4:single-port"
    )


@pytest.mark.parametrize("part", ["a" * 300, "a/b", "../x", "latest", "", ".", "a.unfinished-1"])
def test_a_name_that_will_not_do_gets_a_digest(part):
    name = run_name(part)
    assert len(name) <= 80
    assert name not in ("latest", "", ".")
    assert "/" not in name
    assert ".unfinished-" not in name
    assert name != run_name(part + "x")


def test_long_names_that_differ_in_the_end_stay_different():
    assert run_name("a" * 300) != run_name("a" * 301)


def test_files_are_there_once_the_run_is_complete(tmp_path):
    parent = tmp_path / "build" / "runs"
    with run_folder(parent, "one") as folder:
        (folder / "file").write_text("x")
        assert folder.parent == parent
        assert not (parent / "one").exists()
        assert not (parent / "latest").exists()
    assert not folder.exists()
    assert (parent / "one" / "file").read_text() == "x"
    assert os.readlink(parent / "latest") == "one"


def test_files_may_be_read_by_whom_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path, "one", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o750


def test_a_run_replaces_an_earlier_one_of_its_name_and_no_other(tmp_path):
    write(tmp_path, "one", "old")
    (tmp_path / "one" / "more").write_text("of the old one")
    write(tmp_path, "two", "other")
    write(tmp_path, "one", "new")
    assert (tmp_path / "one" / "file").read_text() == "new"
    assert not (tmp_path / "one" / "more").exists()
    assert (tmp_path / "latest" / "file").read_text() == "new"
    assert (tmp_path / "two" / "file").read_text() == "other"
    assert folders(tmp_path) == ["latest", "one", "two"]


def test_a_failed_run_keeps_its_files_until_the_next_of_its_name(tmp_path):
    write(tmp_path, "one", "good")
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path, "one")
    [failed] = tmp_path.glob("one.unfinished-*")
    assert (tmp_path / "one" / "file").read_text() == "good"
    write(tmp_path, "two", "other")
    assert (failed / "log").read_text() == "why"
    write(tmp_path, "one", "better")
    assert folders(tmp_path) == ["latest", "one", "two"]


def test_a_run_that_failed_before_it_wrote_anything_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="no"), run_folder(tmp_path, "one"):
        raise InputError("no")
    assert folders(tmp_path) == []


def test_two_runs_of_a_name_never_meet_and_the_later_one_stays(tmp_path, child):
    process, first = child("one")
    with run_folder(tmp_path / "runs", "one") as second:
        assert first != second
        assert (first / "file").exists()
        (second / "mine").write_text("x")
    assert sorted(os.listdir(tmp_path / "runs" / "one")) == [".complete", "mine"]
    process.communicate("\n")
    assert sorted(os.listdir(tmp_path / "runs" / "one")) == [".complete", "file"]
    assert folders(tmp_path / "runs") == ["latest", "one"]


def test_what_a_killed_run_left_is_removed_by_the_next_run(tmp_path, child):
    process, left = child("one")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (left / "file").exists()
    write(tmp_path / "runs", "two", "x")
    assert folders(tmp_path / "runs") == ["latest", "two"]


def test_a_folder_of_the_user_s_is_used_without_a_link(tmp_path):
    (tmp_path / "mine").mkdir()
    write(tmp_path / "runs", "one", "x", output=tmp_path / "mine")
    write(tmp_path / "runs", "one", "y", output=tmp_path / "mine")
    assert (tmp_path / "mine" / "file").read_text() == "y"
    assert folders(tmp_path) == ["mine"]


def test_a_link_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    write(tmp_path, "one", "x", output=tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "file").read_text() == "x"


def test_a_folder_that_holds_other_files_is_not_touched(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("x")
    (tmp_path / "thesis.unfinished-1").mkdir()
    with (
        pytest.raises(InputError, match=r"thesis: holds files, and no earlier run's: remove it"),
        run_folder(tmp_path, "thesis"),
    ):
        pytest.fail("begun")
    write(tmp_path, "other", "x")
    assert folders(tmp_path) == ["latest", "other", "thesis", "thesis.unfinished-1"]


@pytest.mark.parametrize("place", ["file", "file/one", "file/more/one"])
def test_a_file_in_the_way_is_told_at_once(tmp_path, place):
    (tmp_path / "file").write_text("x")
    path = tmp_path / place
    with (
        pytest.raises(InputError, match=rf"{path}: .*(Not a directory|File exists)"),
        run_folder(path.parent, path.name),
    ):
        pytest.fail("begun")
    assert (tmp_path / "file").read_text() == "x"


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with (
            pytest.raises(InputError, match=r"closed/one: .*Permission denied"),
            run_folder(tmp_path / "closed", "one"),
        ):
            pytest.fail("begun")
    finally:
        if root:
            os.seteuid(0)


def test_complete_runs_are_listed_the_last_one_first(tmp_path):
    assert complete_runs(tmp_path / "none") == []
    for second, name in enumerate(("three", "one", "two")):
        write(tmp_path, name, "x")
        os.utime(tmp_path / name, (second, second))
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path, "four")
    (tmp_path / "of-the-user").mkdir()
    assert [path.name for path in complete_runs(tmp_path)] == ["two", "one", "three"]


def test_a_place_in_which_no_file_can_be_is_refused_at_once():
    code = "from pathlib import Path; from tickless.run_folder import run_folder\n"
    code += "with run_folder(Path('/proc'), 'a', Path('/proc/a')): pass"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert "/proc/a: the folder cannot be written: No such file" in done.stderr
