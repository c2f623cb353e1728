"""Progress of long work, on standard error: which stage runs, and how far it is.

Only a command shows it: a library's user hears nothing unless `show` was called.
"""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

__all__ = ["bar", "show", "stage"]

REFRESH_SECONDS = 1.0

# tqdm's own lock is also one between processes, which a killed worker would leave behind.
tqdm.set_lock(threading.RLock())

_shown = False


def show() -> None:
    """Show progress from now on, in this process."""
    global _shown
    _shown = True


@contextmanager
def stage(text: str) -> Iterator[None]:
    """A part of the work whose length nobody knows: its name at once, then the time it takes.

    On a terminal the time runs on; elsewhere the line is completed in the end.
    """
    if not _shown:
        yield
        return
    start = time.monotonic()
    live = sys.stderr.isatty()
    ended = threading.Event()

    def line(end: str = "") -> None:
        seconds = time.monotonic() - start
        print(f"\r{text} ... {seconds:.0f} s", end=end, file=sys.stderr, flush=True)

    def tick() -> None:
        while not ended.wait(REFRESH_SECONDS):
            line()

    thread = threading.Thread(target=tick, daemon=True)
    if live:
        line()
        thread.start()
    else:
        print(f"{text} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        ended.set()
        if live:
            thread.join()
            line("\n")
        else:
            print(f" {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def bar(items: Iterable[Any], text: str, unit: str = "it", total: int | None = None) -> tqdm:
    """Items as they come, with a bar of how many there were."""
    return tqdm(items, text, total, unit=unit, leave=False, disable=not _shown)
