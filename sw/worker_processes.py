"""The process that workers of this machine are forked from, which has imported what they need.

It starts with the first worker, or earlier where a command knows that there will be some: it then
imports while the command does.
"""

from collections.abc import Sequence
from multiprocessing import forkserver, set_forkserver_preload

from tickless.environment import environment

__all__ = ["ENVIRONMENT", "preload", "start_ahead"]

ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    # Dask sets these itself, and would leave them behind.
    "PYTHONHASHSEED": "6640",
    "__DASK_PARENT_PID": "",
}
"""Of a worker of this machine: one thread, there are as many as cores."""


def preload(modules: Sequence[str]) -> None:
    """Have modules imported once for all workers, if the process has not started yet."""
    set_forkserver_preload(["distributed", *modules])


def start_ahead(modules: Sequence[str]) -> None:
    """Start the process, which imports modules that its workers will need; returns at once."""
    preload(modules)
    with environment(ENVIRONMENT):
        forkserver.ensure_running()
