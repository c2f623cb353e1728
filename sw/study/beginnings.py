"""What the runs of a study begin with alike, trained once."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from tickless.sw.data.catalog import Recordings
from tickless.sw.study.held_out import hold_out
from tickless.sw.threads import one_thread
from tickless.sw.training.settings import Settings
from tickless.sw.training.state import hand_on
from tickless.sw.training.trainer import Trainer

__all__ = ["PHASES", "beginnings", "go_on", "split", "state_path", "to_train", "train"]

PHASES = ("pre-training", "fine-tuning", "rounding")
"""What `beginnings` end with."""

PARTS = 8
"""One in so many training recordings is kept aside to judge on, others for each seed: see
`sw.study.held_out.hold_out`."""


def beginnings(settings: Settings) -> tuple[Settings, Settings, Settings]:
    """What a run is at the end of each of `PHASES`, before the refit of its readout.

    What later phases ask for is as in all others, so runs that begin alike have equal beginnings.
    """
    trained = replace(settings, refit_samples=0, refit_strength=0.0)
    unrounded = replace(trained, quantize_epochs=0, weight_bits=8, resolution=128)
    pretrained = replace(
        unrounded,
        method="sdt",
        first_stage="drawn",
        steps_range=(1, 1),
        steps_drawn="uniform",
        configurations=1,
        epochs=0,
        samples=1,
        weight_limit=0.0,
    )
    return pretrained, unrounded, trained if settings.quantize_epochs else unrounded


def to_train(runs: Iterable[Settings]) -> Iterator[tuple[str, list[Settings]]]:
    """Name of each phase, and the beginnings that end with it, each once; those of one phase go on
    from those of the phase before."""
    before = set()
    for phase, *ends in zip(PHASES, *map(beginnings, runs), strict=True):
        found = [end for end in dict.fromkeys(ends) if _epochs(end) and end not in before]
        before.update(found)
        yield phase, found


def split(settings: Settings) -> tuple[Recordings, Recordings, Recordings]:
    """What a run trains with, recorded and simulated, and the recordings that judge it."""
    return hold_out(settings, PARTS)


def state_path(beginning: Settings, folder: Path) -> Path:
    """State of a beginning in the folder of a study."""
    return folder / f"begun-{hashlib.sha256(repr(beginning).encode()).hexdigest()[:12]}.state"


def train(beginning: Settings, folder: Path) -> None:
    """Train a beginning, as far as it is not trained yet."""
    kept, extra, _ = split(beginning)
    state = state_path(beginning, folder)
    go_on(beginning, kept, extra, state, folder)
    with one_thread():
        Trainer(beginning, kept, extra, state).run()


def go_on(
    settings: Settings, kept: Recordings, extra: Recordings, state: Path, folder: Path
) -> None:
    """Let a run with this state go on from its longest beginning that is there, unless it has begun
    itself."""
    own = Trainer.description(settings, kept, extra)
    for begun in reversed(beginnings(settings)):
        described = Trainer.description(begun, kept, extra)
        hand_on(state_path(begun, folder), described, state, own)


def _epochs(settings: Settings) -> int:
    return settings.pretrain_epochs + settings.epochs + settings.quantize_epochs
