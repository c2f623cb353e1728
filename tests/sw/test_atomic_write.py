import os
import stat
from contextlib import suppress

import pytest

from tickless.errors import InputError
from tickless.sw.atomic_write import atomic_write, shared_write
from tickless.sw.checkpoint import Checkpoint, CheckpointError
from tickless.sw.integer.network import PRETRAINED, Network, NetworkError


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_files_can_be_read_as_the_umask_has_it(tmp_path):
    network = Network.load(PRETRAINED / "saccades.safetensors")
    checkpoint = Checkpoint.load(PRETRAINED / "saccades.checkpoint.safetensors")
    for mask, expected in [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)]:
        os.umask(mask)
        network.save(tmp_path / "network")
        checkpoint.save(tmp_path / "checkpoint")
        with atomic_write(tmp_path / "text") as unfinished:
            unfinished.write_text("x")
        assert [mode(path) for path in tmp_path.iterdir()] == [expected] * 3


def test_what_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("whole")
    with suppress(ZeroDivisionError), atomic_write(path) as unfinished:
        unfinished.write_text("half")
        _ = 1 / 0
    assert [item.read_text() for item in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize(
    ("kind", "error"), [(Network, NetworkError), (Checkpoint, CheckpointError)]
)
def test_a_file_that_may_not_be_read_is_not_said_to_be_missing(kind, error, tmp_path, unprivileged):
    path = tmp_path / "file.safetensors"
    path.touch(0o000)
    with unprivileged(), pytest.raises(error, match=r"file\.safetensors: Permission denied"):
        kind.load(path)
    assert issubclass(error, InputError)


def test_what_several_write_at_once_is_whole(tmp_path):
    path = tmp_path / "file"
    with shared_write(path) as part:
        part.write_text("mine")
        assert not path.exists()
        # Meanwhile another process has finished.
        path.write_text("another's")
    assert path.read_text() == "mine"
    assert [*tmp_path.iterdir()] == [path]
