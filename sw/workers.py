"""Tasks of equal kind on several processes: here, on this machine's cores, or on a Dask cluster.

Dask is imported when it is needed.
"""

import ctypes
import logging
import os
import re
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from tickless.environment import environment
from tickless.errors import InputError, ResultError
from tickless.progress import bar

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

__all__ = ["ATTEMPTS", "JOBS", "add_workers", "end_with_parent", "run_tasks"]

JOBS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Workers by default: this process's cores."""

ATTEMPTS = 3
"""Times that a task begins, if workers die under it, before it is given up."""

IN_FLIGHT = 4
"""Tasks for each worker that are sent or done before the first of them is asked for."""

CONNECT_SECONDS = 5
"""Time for a scheduler to answer, and for it to have a worker."""

ADDRESS = re.compile(r"(tcp|tls)://\S+:\d+")

ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    # Dask sets these itself, and would leave them behind.
    "PYTHONHASHSEED": "6640",
    "__DASK_PARENT_PID": "",
}
"""Of a worker of this machine: one thread, there are as many as cores."""

CONFIGURATION = {
    "distributed.scheduler.allowed-failures": ATTEMPTS - 1,
    "distributed.scheduler.worker-saturation": 1.0,  # none waits behind a long one
    "distributed.worker.daemon": False,  # a task may start processes
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.diagnostics.nvml": False,
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    "distributed.admin.large-graph-warning-threshold": "1GB",
}

PR_SET_PDEATHSIG = 1
"""Of ``prctl``, in Linux's ``linux/prctl.h``."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Result = TypeVar("Result")


def add_workers(parser: ArgumentParser) -> None:
    """Let a command take ``jobs`` and ``cluster``, as `run_tasks` does."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=_jobs, default=JOBS, metavar="N", help=f"processes ({JOBS}: the cores)"
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
) -> Generator[Result, None, None]:
    """Results of a function for each of some arguments, in their order, as soon as they are there.

    A few tasks a worker are under way at any time, so many tasks need no more memory than few. The
    workers end with the iterator, or when an exception leaves it; those of a cluster finish what
    they are at.

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

    Raises
    ------
    InputError
        If no scheduler with workers answers at the address.
    ResultError
        If `ATTEMPTS` workers have died under a task, or the cluster is gone.
    Exception
        Whatever the function raises for a task ends all.
    """
    if cluster is None and min(jobs, len(tasks)) <= 1:
        for task in bar(tasks, title, unit):
            yield function(*task)
        return
    with _workers(jobs, cluster) as (client, count):
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
    sent, results = deque(), {}
    with bar((), title, unit, len(tasks)) as shown:
        try:
            while True:
                for task in islice(left, most - len(sent)):
                    sent.append(client.submit(function, *task, pure=False))
                    sent[-1].add_done_callback(finished.put)
                if not sent:
                    return
                # Taken at once, since a result that waits on its worker is lost with it.
                future = finished.get()
                results[future] = future.result()
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


@contextmanager
def _workers(jobs: int, cluster: str | None) -> "Iterator[tuple[Client, int]]":
    """Workers, and how many there are."""
    import dask.config
    import distributed  # noqa: F401  # brings its defaults, which have to be there before ours

    with ExitStack() as stack:
        stack.enter_context(dask.config.set(CONFIGURATION))
        stack.enter_context(_quiet())
        if cluster is None:
            stack.enter_context(environment(ENVIRONMENT))
            address = stack.enter_context(_local(jobs))
        else:
            address = cluster
        client = stack.enter_context(_connected(address))
        yield client, len(client.scheduler_info(n_workers=-1)["workers"])


@contextmanager
def _local(jobs: int) -> "Iterator[LocalCluster]":
    """Processes of this machine with a scheduler of their own; no file of theirs stays."""
    from distributed import LocalCluster

    with TemporaryDirectory(prefix="tickless-workers-") as folder:
        cluster = LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # None takes a port of its own, and warns
            memory_limit=0,
            local_directory=folder,
            silence_logs=logging.CRITICAL,
        )
        try:
            yield cluster
        finally:
            # They would otherwise be given time to finish what they are at.
            for nanny in cluster.workers.values():
                nanny.auto_restart = False
                if nanny.pid:
                    with suppress(ProcessLookupError):
                        os.kill(nanny.pid, signal.SIGKILL)
            cluster.close()


@contextmanager
def _connected(address: "str | LocalCluster") -> "Iterator[Client]":
    """Client of a scheduler that has a worker."""
    from distributed import Client

    if isinstance(address, str) and not ADDRESS.fullmatch(address):
        raise InputError(f"cluster = {address!r}: expected tcp://HOST:PORT, as of a Dask scheduler")
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"cluster = {address!r}: no scheduler answers there: expected the address that "
            f"`dask scheduler` prints ({error})"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, CONNECT_SECONDS)
        except TimeoutError:
            raise InputError(
                f"cluster = {address!r}: the scheduler has no workers: expected some, as "
                f"`dask worker {address}` starts them"
            ) from None
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of Dask's log: what ends the work is told by an error."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _jobs(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ArgumentTypeError(f"{number}: expected at least 1")
    return number
