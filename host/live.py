"""Logits as bars while events stream."""

from collections.abc import Sequence
from typing import TextIO

from tickless.host.protocol import Answer

__all__ = ["LiveView"]

BAR = 50
"""Characters of the longest bar."""

PARTS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character."""


class LiveView:
    """Bars of the latest logits, one a class, in one place of a terminal; elsewhere a line each.

    Parameters
    ----------
    output : TextIO
        Where to.
    names : sequence of str
        Names of the classes; their numbers are not said twice.
    """

    def __init__(self, output: TextIO, names: Sequence[str] = ()):
        self._output = output
        self._names = () if all(map(str.isdecimal, names)) else names
        self._lines = 0
        self._largest = 1

    def show(self, title: str, answer: Answer) -> None:
        """Show an answer in the place of the one before."""
        if not self._output.isatty():
            logits = " ".join(str(logit) for logit in answer.logits)
            name = f" ({self._names[answer.class_index]})" if self._names else ""
            text = f"{title}: class {answer.class_index}{name}, logits {logits}"
            print(text, file=self._output, flush=True)
            return
        self._largest = max(self._largest, *answer.logits)
        lines = [title]
        for index, logit in enumerate(answer.logits):
            mark = ">" if index == answer.class_index else " "
            name = f" {self._names[index]}" if self._names else ""
            lines.append(f"{mark}{index:3} {bar(logit / self._largest)} {logit:10,}{name}")
        # Up to the first line; each line is cleared behind its end.
        up = f"\x1b[{self._lines}A" if self._lines else ""
        print(up + "\n".join(f"{line}\x1b[K" for line in lines), file=self._output, flush=True)
        self._lines = len(lines)

    def leave(self) -> None:
        """Let the bars stand: the next ones have their own place and scale."""
        self._lines, self._largest = 0, 1


def bar(share: float) -> str:
    """Bar of a share, -1 to 1, in `BAR` characters; negative ones are empty."""
    eighths = round(8 * BAR * max(0.0, share))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + PARTS[rest].strip()).ljust(BAR)
