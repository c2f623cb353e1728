"""What `tickless run` says of a board's answers: a line each, and a summary."""

from collections.abc import Sequence

from tickless.host.protocol import Answer
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.data.files import NamedRecording
from tickless.sw.data.losses import Lost, warn_of_dropped
from tickless.sw.integer.trace import SampleTrace

__all__ = ["AnswerTable", "difference"]


def difference(answer: Answer, trace: SampleTrace) -> str | None:
    """First difference between an answer and the golden model's to END; None for none."""
    for name, seen, expected in (
        ("class", answer.class_index, trace.class_index),
        ("logits", answer.logits, tuple(trace.logits.tolist())),
        ("deciding event", answer.decision, trace.decision),
    ):
        if seen != expected:
            return f"{name} {seen}, expected {expected}"
    return None


class AnswerTable:
    """Table of recordings.

    Parameters
    ----------
    recordings : sequence of NamedRecording
        All that will have a line.
    columns : sequence of str
        Names of the figures beside class and label.
    classes : sequence of str
        Names of the classes; one that has none is shown by its number.

    Members
    -------
    header : str
        Names of all columns.
    differing : int
        Answers that differed from the golden model's.
    """

    def __init__(
        self,
        recordings: Sequence[NamedRecording],
        columns: Sequence[str],
        classes: Sequence[str] = (),
    ):
        self._width = max(len("recording"), *(len(recording.name) for recording in recordings))
        self._columns, self._classes = columns, classes
        self._name_width = max(len("class"), *(len(name) for name in classes), 0)
        self._lost: list[Lost] = []
        self.samples = self.differing = 0
        self._labelled = self._right = self._compared = 0
        self.header = "  ".join(
            [
                f"{'recording':{self._width}}",
                f"{'class':>{self._name_width}}",
                f"{'label':>{self._name_width}}",
                *columns,
                "golden model",
            ]
        )

    def line(
        self,
        recording: NamedRecording,
        answer: Answer,
        trace: SampleTrace | None,
        figures: Sequence[str],
        lost: Lost | None = None,
    ) -> str:
        """Line of a recording, its answer and the golden model's, if there is one; what it loses
        outside the sensor counts in the summary."""
        if lost is not None:
            self._lost.append(lost)
        label = "-"
        self.samples += 1
        if recording.label != UNLABELLED:
            label = self._named(recording.label)
            self._labelled += 1
            self._right += recording.label == answer.class_index
        return self._line(recording.name, answer, label, trace, figures)

    def read_line(
        self, events: int, answer: Answer, trace: SampleTrace | None, figures: Sequence[str]
    ) -> str:
        """Line of an answer to READ behind so many events of a recording; ``trace`` has the golden
        model's in the place of that to END."""
        return self._line(f"  {events:,} events", answer, "", trace, figures)

    def _line(
        self,
        name: str,
        answer: Answer,
        label: str,
        trace: SampleTrace | None,
        figures: Sequence[str],
    ) -> str:
        verdict = "not compared"
        if trace is not None:
            wrong = difference(answer, trace)
            verdict = "equal" if wrong is None else f"DIFFERS: {wrong}"
            self._compared += 1
            self.differing += wrong is not None
        cells = [f"{text:>{len(name)}}" for text, name in zip(figures, self._columns, strict=True)]
        return "  ".join(
            [
                f"{name:{self._width}}",
                f"{self._named(answer.class_index):>{self._name_width}}",
                f"{label:>{self._name_width}}",
                *cells,
                verdict,
            ]
        )

    def summary(self) -> str:
        """Shares of all lines so far."""
        equal = self._compared - self.differing
        dropped = sum(each.dropped for each in self._lost)
        return ", ".join(
            [
                f"{self.samples} recording{'s' * (self.samples != 1)}",
                _share("accuracy", self._right, self._labelled),
                _share("agreement with the golden model", equal, self._compared),
                *([f"{dropped:,} events outside the sensor dropped"] if dropped else []),
            ]
        )

    def warn(self) -> None:
        """`DroppedWarning` if recordings lose much."""
        warn_of_dropped(self._lost)

    def _named(self, index: int) -> str:
        return self._classes[index] if index < len(self._classes) else str(index)


def _share(name: str, part: int, whole: int) -> str:
    return f"{name} {part / whole:.2%} ({part} of {whole})" if whole else f"{name} not known"
