"""Progress of long work, on standard error: which stage runs, and how far it is.

Only a command shows it: a library's user hears nothing unless `show` was called.
"""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["bar", "show", "shown", "stage"]

REFRESH_SECONDS = 1.0

_shown = False

_tell_running: Callable[[str], None] | None = None
"""Tells where the running stage is."""


def show() -> None:
    """Show progress from now on, in this process."""
    global _shown
    _shown = True


def shown() -> bool:
    """Whether progress is shown in this process."""
    return _shown


@contextmanager
def stage(text: str) -> Iterator[Callable[[str], None]]:
    """A part of the work whose length nobody knows: its name at once, then the time it takes.

    On a terminal the time runs on, and behind it stands what the yielded function was given last,
    or the name of a stage within this one; elsewhere the line is completed in the end.
    """
    global _tell_running
    if not _shown:
        yield lambda detail: None
        return
    if (tell := _tell_running) is not None:
        tell(text)
        yield lambda detail: tell(f"{text}: {detail}")
        tell("")
        return
    start = time.monotonic()
    live = sys.stderr.isatty()
    ended = threading.Event()
    where = ""

    def now_at(detail: str) -> None:
        nonlocal where
        where = detail

    def line(end: str = "") -> None:
        # One line of the terminal: of a longer one the beginning would stay. Its old end goes.
        width = shutil.get_terminal_size().columns - 1
        now = f"{text} ... {time.monotonic() - start:.0f} s {where}".rstrip()
        print(f"\r{now[:width]}\x1b[K", end=end, file=sys.stderr, flush=True)

    def tick() -> None:
        while not ended.wait(REFRESH_SECONDS):
            line()

    thread = threading.Thread(target=tick, daemon=True)
    if live:
        line()
        thread.start()
    else:
        print(f"{text} ...", end="", file=sys.stderr, flush=True)
    _tell_running = now_at
    try:
        yield now_at
    finally:
        _tell_running = None
        ended.set()
        if live:
            thread.join()
            where = ""
            line("\n")
        else:
            print(f" {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def bar(
    items: Iterable[Any] | None, text: str, unit: str = "it", total: int | None = None
) -> "tqdm":
    """Items as they come, with a bar of how many there were; without items it is told of each by
    ``update``."""
    return _tqdm()(items, text, total, unit=unit, leave=False, disable=not _shown)


@cache
def _tqdm() -> "type[tqdm]":
    from tqdm import tqdm

    # Its own lock is also one between processes, which a killed worker would leave behind.
    tqdm.set_lock(threading.RLock())
    return tqdm
