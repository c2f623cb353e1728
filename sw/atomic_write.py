"""Files that are there whole or not at all, and that others may read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_write", "check_readable", "shared_write"]


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Place beside ``path`` to write to; what was written takes the name at the end of the block.

    Whoever is killed or fails meanwhile leaves ``path`` as it was. Who may read it is up to the
    umask, as of other files; safetensors would leave it to the owner alone.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch()
        mode = unfinished.stat().st_mode
        yield unfinished
        unfinished.chmod(mode)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def shared_write(path: Path) -> Iterator[Path]:
    """Place beside ``path`` to write to, of this process alone; what was written takes the name at
    the end of the block. Several processes may write the same at once."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    yield part
    part.replace(path)


def check_readable(path: Path | str) -> None:
    """Raise the `OSError` of reading a file: safetensors calls each of them a missing file."""
    with open(path, "rb"):
        pass
