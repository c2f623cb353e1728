"""Training runs side by side, each on a core of its own, and the files of their results."""

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import torch
from tqdm import tqdm

from tickless.environment import environment
from tickless.errors import InputError
from tickless.sw.training.settings import Settings

__all__ = ["JOBS", "side_by_side", "store", "stored"]

JOBS = os.cpu_count() or 1

Result = TypeVar("Result")


def side_by_side(
    task: Callable[..., Result], arguments: Iterable[tuple], jobs: int, title: str
) -> list[Result]:
    """Results of a task for each of some arguments, in their order.

    Parameters
    ----------
    task : callable
        A function of a module.
    jobs : int
        Processes. With 1 all is done here, by as many threads as torch likes and with progress
        bars of its own.
    title : str
        Of the progress bar.
    """
    wanted = list(arguments)
    jobs = min(jobs, len(wanted))
    if jobs <= 1:
        return [task(*each) for each in wanted]
    # tqdm's own switch: bars of several processes would overwrite each other.
    with (
        environment({"TQDM_DISABLE": "1"}),
        ProcessPoolExecutor(jobs, get_context("spawn"), torch.set_num_threads, (1,)) as pool,
    ):
        runs = [pool.submit(task, *each) for each in wanted]
        try:
            for run in tqdm(as_completed(runs), title, len(runs)):
                run.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [run.result() for run in runs]


def store(path: Path, settings: Settings, name: str, result: Any) -> None:
    """Write a run's result, a dataclass, into a file."""
    text = json.dumps({"settings": asdict(settings), name: asdict(result)}, indent=2)
    path.write_text(text + "\n")


def stored(path: Path, settings: Settings, name: str) -> dict[str, Any] | None:
    """Members of what `store` has left in a file; None if there is none of the same settings.

    Raises
    ------
    InputError
        If the file is no such result.
    """
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
    except ValueError:
        raise InputError(f"{path}: not a run's result: delete it to run anew") from None
    return found[name] if found["settings"] == json.loads(json.dumps(asdict(settings))) else None
