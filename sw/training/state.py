"""State of an unfinished training run, from which it goes on after it was killed."""

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from tickless.errors import InputError
from tickless.sw.atomic_write import atomic_write

__all__ = ["State", "StateError", "hand_on", "load_state", "save_state"]


class StateError(InputError):
    """State of another run, or a damaged one; the message names the file and what differs."""


@dataclass(frozen=True, eq=False)
class State:
    """Everything that the rest of a run depends on, at the end of an epoch.

    Parameters
    ----------
    run : dict
        Settings and numbers of samples: what tells a run from others.
    phase, epochs : int
        Index of the phase, and its epochs that are over.
    model, fitting : dict
        States of the network, and of the optimizer and the learning rate.
    chance : dict
        State of the generator of all chance.
    """

    run: dict[str, Any]
    phase: int
    epochs: int
    model: dict[str, Any]
    fitting: dict[str, Any]
    chance: dict[str, Any]


def hand_on(path: Path, run: dict[str, Any], heir: Path, other: dict[str, Any]) -> None:
    """Let another run that begins in the same way go on from where this one is.

    Parameters
    ----------
    path, run : Path, dict
        State and description of the run that began.
    heir, other : Path, dict
        The same of the run that goes on; a state that it has already stays.
    """
    state = load_state(path, run)
    if state and not heir.exists():
        save_state(replace(state, run=other), heir)


def save_state(state: State, path: Path) -> None:
    """Write a state, all of it or nothing."""
    with atomic_write(path) as unfinished:
        torch.save(vars(state), unfinished)


def load_state(path: Path, run: dict[str, Any]) -> State | None:
    """State of this run, its tensors on the CPU; None if there is none.

    Raises
    ------
    StateError
        If the file holds the state of another run, or is damaged.
    """
    if not path.exists():
        return None
    try:
        state = State(**torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, TypeError, ValueError, EOFError, pickle.UnpicklingError):
        raise StateError(f"{path}: not the state of a run: delete it to start anew") from None
    others = [
        f"{name} = {state.run.get(name)!r}, not {run.get(name)!r}"
        for name in {**run, **state.run}
        if state.run.get(name) != run.get(name)
    ]
    if others:
        raise StateError(
            f"{path}: state of a run with {'; '.join(others)}: delete it to start anew"
        )
    return state
