"""Folder of a run: named after what is run, and complete or not there.

A run writes into a folder beside its own, ``NAME.unfinished-N``, which takes the name in the end.
One that fails keeps its files there until a run of the same name begins; what a killed one left is
removed by the next run beside it. A file in each folder says by its name how the folder stands; a
folder without it is no run's, and nothing here touches it.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile

from filelock import FileLock, Timeout

from tickless.errors import InputError

__all__ = ["LATEST", "complete_runs", "run_folder", "run_name"]

LATEST = "latest"
"""Link to the last complete run, beside the runs."""

LOCK = ".tickless-lock"
"""Beside the runs: held while folders are named or removed."""

RUNNING, FAILED, COMPLETE = ".running", ".failed", ".complete"
"""How a folder stands; the first of these files is locked as long as its run lives."""

UNFINISHED = ".unfinished-"

LENGTH = 80
"""Most characters of a run's name: it is to be read."""


def run_name(*parts: str) -> str:
    """Name of a run's folder, the same for the same parts, of which empty ones are left out.

    What is too long, or no good name of a folder, is replaced by a digest in the end.
    """
    text = "-".join(filter(None, parts))
    name = re.sub(r"[^A-Za-z0-9_.,=+-]+", "-", text).strip("-.")
    if name == text and len(name) <= LENGTH and name not in ("", LATEST) and UNFINISHED not in name:
        return name
    digest = sha256(text.encode(errors="surrogateescape")).hexdigest()[:8]
    kept = name.replace(UNFINISHED, "-")[: LENGTH - len(digest) - 1].rstrip("-.")
    return f"{kept}-{digest}".strip("-")


@contextmanager
def run_folder(parent: Path, name: str, output: Path | None = None) -> Iterator[Path]:
    """Folder for a run's files, which is ``parent / name`` once the block has ended well.

    An earlier run of the name is replaced. Of two at once, the later one stays, whole.

    Parameters
    ----------
    parent : Path
        Folder of all such runs, made if it is missing; ``latest`` in it links to the last one that
        was complete.
    name : str
        The run's, of `run_name`.
    output : Path, optional
        Folder that takes the place of ``parent / name``, without a link.

    Raises
    ------
    InputError
        At once, if the folder cannot be made, or is there and no run's.
    """
    target = parent / name
    if output is not None:
        # Where a link or a relative name leads is what is replaced.
        plain = output.name not in ("", "..") and not output.is_symlink()
        target = output if plain else output.resolve()
    _check(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # In /proc the lock would be tried for ever: no such file is taken for a file just removed.
        with TemporaryFile(dir=target.parent):
            pass
        with FileLock(target.parent / LOCK):
            _sweep(target)
            folder = _free(target)
            folder.mkdir()
            life = FileLock(folder / RUNNING)
            life.acquire()
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"{target}: the folder cannot be written: {why}") from None
    try:
        yield folder
        _publish(folder, target, output is None)
    except BaseException:
        _keep(folder)
        raise
    finally:
        life.release()


def complete_runs(parent: Path) -> list[Path]:
    """Folders of the complete runs beside each other, the last one first."""
    found = [mark.parent for mark in parent.glob(f"*/{COMPLETE}") if not mark.parent.is_symlink()]
    return sorted(found, key=lambda folder: folder.stat().st_mtime_ns, reverse=True)


def _check(target: Path) -> None:
    """That a run may take the place of what is there."""
    try:
        if target.is_mount():
            raise InputError(f"{target}: another disk begins here: expected a folder in it")
        found = os.listdir(target)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{target}: expected a folder: {error.strerror}") from None
    if found and COMPLETE not in found:
        raise InputError(
            f"{target}: holds files, and no earlier run's: remove it, or choose another --output"
        )


def _keep(folder: Path) -> None:
    """Keep what a failed run wrote, if anything."""
    with suppress(FileNotFoundError):
        (folder / RUNNING).rename(folder / FAILED)
        if os.listdir(folder) == [FAILED]:
            shutil.rmtree(folder)


def _publish(folder: Path, target: Path, link: bool) -> None:
    parent = target.parent
    with FileLock(parent / LOCK):
        _check(target)
        (folder / RUNNING).rename(folder / COMPLETE)
        replaced = None
        if (target / COMPLETE).exists():
            (target / COMPLETE).rename(target / FAILED)
            replaced = target.rename(_free(target))
        folder.rename(target)
        if link:
            new = parent / f".{LATEST}"
            new.unlink(missing_ok=True)
            new.symlink_to(target.name)
            new.replace(parent / LATEST)
    if replaced is not None:
        shutil.rmtree(replaced, ignore_errors=True)


def _free(target: Path) -> Path:
    """Name for an unfinished run that no folder has."""
    number = 1
    while (path := target.with_name(f"{target.name}{UNFINISHED}{number}")).exists():
        number += 1
    return path


def _sweep(target: Path) -> None:
    """Remove what killed runs left beside a run, and what failed runs of its own name did."""
    for folder in target.parent.glob(f"*{UNFINISHED}*"):
        if (folder / RUNNING).exists():
            life = FileLock(folder / RUNNING, timeout=0)
            try:
                life.acquire()
            except Timeout:
                continue
            life.release()
        elif not (
            (folder / FAILED).exists() and folder.name.startswith(f"{target.name}{UNFINISHED}")
        ):
            continue
        shutil.rmtree(folder, ignore_errors=True)
