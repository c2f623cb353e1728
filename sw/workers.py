"""Tasks of equal kind on several processes: here, on this machine's cores, or on a Dask cluster.

Dask is imported when it is needed.
"""

import ctypes
import os
import signal
import sys
import warnings
from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from tickless.errors import ResultError, TicklessWarning
from tickless.progress import bar
from tickless.sw.option_types import at_least_one

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["ATTEMPTS", "JOBS", "add_workers", "end_with_parent", "run_tasks"]

JOBS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Workers by default: this process's cores."""

ATTEMPTS = 3
"""Times that a task begins, if workers die under it, before it is given up."""

IN_FLIGHT = 4
"""Tasks for each worker that are sent or done before the first of them is asked for."""

WORKERLESS_SECONDS = 60
"""Time after which somebody has to be left who does the work."""

PR_SET_PDEATHSIG = 1
"""Of ``prctl``, in Linux's ``linux/prctl.h``."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Result = TypeVar("Result")


def add_workers(parser: ArgumentParser) -> None:
    """Let a command take ``jobs`` and ``cluster``, as `run_tasks` does."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=at_least_one,
        default=JOBS,
        metavar="N",
        help=f"processes ({JOBS}: the cores)",
    )
    where.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster, tcp://HOST:PORT, whose workers see the same files",
    )


def run_tasks(
    function: Callable[..., Result],
    tasks: Sequence[tuple],
    *,
    jobs: int,
    cluster: str | None = None,
    title: str,
    unit: str = "it",
    modules: Sequence[str] = (),
) -> Generator[Result, None, None]:
    """Results of a function for each of some arguments, in their order, as soon as they are there.

    A few tasks a worker are under way at any time, so many tasks need no more memory than few. The
    workers end with the iterator, or when an exception leaves it; those of a cluster finish what
    they are at. The project's own warnings, of which workers may say the same, come once each.

    Parameters
    ----------
    function : callable
        A function of a module. Where its worker dies it is called again, so it has to give the same
        result whatever an earlier call has left behind.
    tasks : sequence of tuple
        Positional arguments of each call.
    jobs : int
        Processes; with 1, or for a single task, all is done in this one.
    cluster : str, optional
        Address of a Dask scheduler, whose workers are used instead.
    title, unit : str
        Of the progress bar, which counts the tasks that are done.
    modules : sequence of str
        Modules that the function imports when it runs: processes of this machine have them at once.

    Raises
    ------
    InputError
        If no scheduler with workers of this version answers at the address.
    ResultError
        If `ATTEMPTS` workers have died under a task, or the cluster or all its workers are gone.
    Exception
        Whatever the function raises for a task ends all.
    """
    if cluster is None and min(jobs, len(tasks)) <= 1:
        for task in bar(tasks, title, unit):
            yield function(*task)
        return
    from tickless.sw.dask_workers import workers

    needed = [function.__module__, *modules]
    with workers(min(jobs, len(tasks)), cluster, ATTEMPTS, needed) as (client, count):
        yield from _spread(client, function, tasks, IN_FLIGHT * count, title, unit)


def end_with_parent() -> None:
    """Let this process be killed when the one that started it ends, on Linux.

    For ``preexec_fn`` of subprocesses and initializers of pools that a task starts: the worker it
    runs on may be killed, which leaves no time to end them.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _spread(
    client: "Client",
    function: Callable[..., Result],
    tasks: Sequence[tuple],
    most: int,
    title: str,
    unit: str,
) -> Generator[Result, None, None]:
    from distributed import KilledWorker

    left, finished = iter(tasks), SimpleQueue()
    sent, results, told = deque(), {}, set()
    with bar((), title, unit, len(tasks)) as shown:
        try:
            while True:
                for task in islice(left, most - len(sent)):
                    sent.append(client.submit(_noting_warnings, function, *task, pure=False))
                    sent[-1].add_done_callback(finished.put)
                if not sent:
                    return
                # Taken at once, since a result that waits on its worker is lost with it.
                future = _next(finished, client, title)
                results[future], noted = future.result()
                for each in noted:
                    if each not in told:
                        told.add(each)
                        warnings.warn(*each, stacklevel=3)
                shown.update()
                while sent and sent[0] in results:
                    yield results.pop(sent.popleft())
        except KilledWorker as error:
            raise ResultError(
                f"{title}: {ATTEMPTS} workers died under one task, the last of them "
                f"{error.last_worker.address}: killed, or out of memory?"
            ) from None
        except CancelledError:
            raise ResultError(f"{title}: the cluster is gone: expected it to stay") from None
        finally:
            with suppress(Exception):
                client.cancel(list(sent))


def _noting_warnings(
    function: Callable[..., Result], *task: Any
) -> tuple[Result, list[tuple[str, type[Warning]]]]:
    """Result of a task, and the project's own warnings, which are for whoever waits for it."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", TicklessWarning)
        result = function(*task)
    noted = []
    for each in seen:
        if issubclass(each.category, TicklessWarning):
            noted.append((str(each.message), each.category))
        else:
            warnings.showwarning(each.message, each.category, each.filename, each.lineno)
    return result, noted


def _next(finished: SimpleQueue, client: "Client", title: str) -> "Future":
    """The next task that is done, as long as there are workers."""
    while True:
        try:
            return finished.get(timeout=WORKERLESS_SECONDS)
        except Empty:
            if not client.scheduler_info()["workers"]:
                raise ResultError(
                    f"{title}: the cluster has no workers any more: expected some to come back "
                    f"within {WORKERLESS_SECONDS} seconds"
                ) from None
