"""Dask's workers: processes of this machine, or those of a cluster that is there already.

To be imported when they are needed: Dask takes its time.
"""

import logging
import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import current_process
from tempfile import TemporaryDirectory
from typing import cast

import dask.config
from distributed import Client, LocalCluster
from distributed.utils import get_mp_context

from tickless.environment import environment
from tickless.errors import InputError
from tickless.sw.worker_processes import ENVIRONMENT, preload

__all__ = ["workers"]

CONNECT_SECONDS = 5
"""Time for a scheduler to answer, and for it to have a worker."""

START_SECONDS = 120
"""Time for processes of this machine to start, however busy it is."""

ADDRESS = re.compile(r"(tcp|tls)://\S+:\d+")

CONFIGURATION = {
    "distributed.scheduler.worker-saturation": 1.0,  # none waits behind a long one
    "distributed.worker.daemon": False,  # a task may start processes
    "distributed.worker.multiprocessing-method": "forkserver",  # imports are paid for once
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.diagnostics.nvml": False,
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    "distributed.admin.large-graph-warning-threshold": "1GB",
}


@contextmanager
def workers(
    jobs: int, cluster: str | None, attempts: int, modules: Sequence[str]
) -> Iterator[tuple[Client, int]]:
    """Client of some workers, and how many there are.

    Parameters
    ----------
    jobs : int
        Processes, which end with the block, whatever they are at.
    cluster : str, optional
        Address of a scheduler, whose workers are used instead.
    attempts : int
        Times that a task begins if its processes die.
    modules : sequence of str
        What the processes need, as of `sw.worker_processes.preload`.

    Raises
    ------
    InputError
        If no scheduler with workers of this version answers at the address.
    """
    failures = {"distributed.scheduler.allowed-failures": attempts - 1}
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(CONFIGURATION | failures))
        stack.enter_context(_quiet())
        if cluster is None:
            stack.enter_context(environment(ENVIRONMENT))
            get_mp_context()  # Dask has a list of its own, which it sets the first time
            preload(modules)
            local = stack.enter_context(_local(jobs))
            client = stack.enter_context(Client(local, set_as_default=False))
            client.wait_for_workers(jobs, START_SECONDS)
        else:
            client = stack.enter_context(_existing(cluster))
        yield client, len(client.scheduler_info(n_workers=-1)["workers"])


@contextmanager
def _local(jobs: int) -> Iterator[LocalCluster]:
    """Processes of this machine with a scheduler of their own; no file of theirs stays."""
    if getattr(current_process(), "_inheriting", False):  # as multiprocessing itself tells it
        raise RuntimeError("put the script's work under if __name__ == '__main__':")
    with TemporaryDirectory(prefix="tickless-workers-", ignore_cleanup_errors=True) as folder:
        cluster = LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # None takes a port of its own, and warns
            memory_limit=0,
            local_directory=folder,
            silence_logs=logging.CRITICAL,
        )
        try:
            cluster.scale(jobs)
            yield cluster
        finally:
            # They would otherwise be given time to finish what they are at.
            for nanny in cluster.workers.values():
                nanny.auto_restart = False
                if nanny.pid:
                    with suppress(ProcessLookupError):
                        os.kill(nanny.pid, signal.SIGKILL)
            # One that is about to start cannot be closed, here or at exit: it ends with us.
            cluster.shutdown_on_close = False
            with suppress(AssertionError):
                cluster.close()


@contextmanager
def _existing(address: str) -> Iterator[Client]:
    """Client of a scheduler that has a worker."""
    if not ADDRESS.fullmatch(address):
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
        _check_versions(client, address)
        yield client


def _check_versions(client: Client, address: str) -> None:
    """Refuse workers that would do something else."""

    def installed() -> str:  # sent by value, as a function of a function: it needs no package
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"tickless {version('tickless')}"
        except PackageNotFoundError:
            return "no tickless"

    for worker, found in cast(dict[str, str], client.run(installed)).items():
        if found != installed():
            raise InputError(
                f"cluster = {address!r}: its worker {worker} has {found}: expected {installed()}"
            )


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
