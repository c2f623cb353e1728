"""Answers of a stream as they come."""

import shutil
import sys
import time
from collections.abc import Sequence

from tickless.host.live import LiveView
from tickless.host.protocol import Answer
from tickless.host.stream.intake import Counts
from tickless.host.stream.tally import Tally
from tickless.host.stream.windows import StreamWindow

__all__ = ["StreamView"]

PICTURE_S = 0.1
"""Least time between two pictures on a terminal."""

RATES_S = 5.0
"""Least time between two lines of rates elsewhere."""


class StreamView:
    """View of a stream: on a terminal the latest logits and the rates in one place, elsewhere a
    line each.

    Parameters
    ----------
    tally : Tally
        Tells the rates.
    names : sequence of str
        Names of the classes, where they are known.
    """

    def __init__(self, tally: Tally, names: Sequence[str]):
        self._tally = tally
        self._view = LiveView(sys.stdout, names)
        self._terminal = sys.stdout.isatty()
        self._shown_s = self._told_s = time.monotonic()

    def show(self, window: StreamWindow, answer: Answer, counts: Counts, wrong: str | None) -> None:
        """Show an answer, and how it differs from the golden model's."""
        if wrong is not None:
            self._view.leave()
            print(f"window {window.number}: DIFFERS: {wrong}")
        if not self._terminal:
            self._view.show(f"window {window.number}, {len(window.events):,} events", answer)
            self._rates(counts)
        elif time.monotonic() - self._shown_s >= PICTURE_S:
            self._shown_s = time.monotonic()
            title = f"{self._tally.now(counts)}; window {window.number}"
            self._view.show(title[: shutil.get_terminal_size().columns - 1], answer)

    def begin(self, window: StreamWindow) -> None:
        """Show that a sample begins with a window: what came before it is forgotten."""
        if not self._terminal:
            print(f"window {window.number}: a sample begins")

    def wait(self, counts: Counts) -> None:
        """Show that no window has come for a while."""
        self._view.leave()
        self._rates(counts)

    def _rates(self, counts: Counts) -> None:
        if time.monotonic() - self._told_s >= RATES_S:
            self._told_s = time.monotonic()
            print(self._tally.now(counts), flush=True)
