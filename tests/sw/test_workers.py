"""Tasks on workers: as in this process, whatever happens to the workers."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings
from contextlib import closing, suppress
from importlib import metadata
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster

from tickless.errors import InputError, ResultError
from tickless.sw.data.events import EventsError
from tickless.sw.data.losses import FileWarning
from tickless.sw.workers import ATTEMPTS, IN_FLIGHT, end_with_parent, run_tasks

TASKS = [(number, number % 3) for number in range(30)]


def worked(number, wait):
    time.sleep(wait / 100)
    return number**2, os.getpid(), os.environ.get("OMP_NUM_THREADS")


def fail(number):
    if number == 3:
        raise EventsError("sample 3: not good")
    return number


def count_and_fail(folder):
    Path(folder, f"{time.monotonic_ns()}").touch()
    raise ValueError("once")


def warn(number):
    warnings.warn("a file is cut", FileWarning, stacklevel=1)
    warnings.warn(f"file {number % 2} is cut", FileWarning, stacklevel=1)
    return number


def die_with_a_child(folder, deaths):
    """Start a child and kill this worker, so many times."""
    folder = Path(folder)
    attempt = len(list(folder.iterdir()))
    child = subprocess.Popen(["sleep", "1000"], preexec_fn=end_with_parent)
    (folder / f"{attempt}").write_text(str(child.pid))
    if attempt < deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    child.kill()
    child.wait()
    return folder.name


def run(function, tasks, jobs=2, cluster=None):
    return list(run_tasks(function, tasks, jobs=jobs, cluster=cluster, title="tasks"))


def test_warnings_of_workers_come_once_each_from_the_one_who_waits(capfd):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert run(warn, [(number,) for number in range(10)]) == list(range(10))
    assert {(str(each.message), each.category) for each in seen} == {
        (text, FileWarning) for text in ("a file is cut", "file 0 is cut", "file 1 is cut")
    }
    assert len(seen) == 3
    assert "is cut" not in capfd.readouterr().err


def descendants():
    """Processes below this one, but for those that multiprocessing keeps for its own use."""
    own = re.compile(r"multiprocessing\.(resource_tracker|forkserver) import main")
    children = psutil.Process().children(recursive=True)
    # A worker has the command line of the server that it was forked from.
    servers = {child.pid for child in children if own.search(" ".join(child.cmdline()))}
    return {child.pid for child in children if child.pid not in servers or child.ppid() in servers}


@pytest.fixture(scope="module")
def scheduler():
    """Address of a cluster that is there already."""
    with closing(
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0
        )
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_are_those_of_one_process_in_the_order_of_the_tasks(jobs):
    environment, before = dict(os.environ), descendants()
    found = run(worked, TASKS, jobs)
    assert [result for result, _, _ in found] == [number**2 for number, _ in TASKS]
    pids = {pid for _, pid, _ in found}
    assert len(pids) == jobs
    assert (os.getpid() in pids) == (jobs == 1)
    assert jobs == 1 or {threads for *_, threads in found} == {"1"}
    assert dict(os.environ) == environment
    assert descendants() <= before


def test_a_single_task_needs_no_worker():
    [(_, pid, _)] = run(worked, [(1, 0)], 5)
    assert pid == os.getpid()
    assert run(worked, []) == []


def test_there_are_no_more_workers_than_tasks():
    before = descendants()
    results = run_tasks(worked, [(1, 0), (2, 0)], jobs=50, title="tasks")
    next(results)
    assert len(descendants() - before) == 2
    results.close()


def test_an_existing_cluster_does_the_same(scheduler):
    found = run(worked, TASKS, 1, scheduler)
    assert [result for result, _, _ in found] == [number**2 for number, _ in TASKS]
    assert os.getpid() not in {pid for _, pid, _ in found}


def test_few_tasks_are_under_way_at_any_time():
    asked = []

    class Lazy(list):
        def __iter__(self):
            for task in super().__iter__():
                asked.append(task)
                yield task

    results = run_tasks(worked, Lazy(TASKS), jobs=2, title="tasks")
    for taken, _ in enumerate(results, 1):
        assert len(asked) <= taken + 2 * IN_FLIGHT
    assert asked == TASKS


def test_workers_end_with_who_asks_for_results():
    before = descendants()
    results = run_tasks(worked, [(0, 0), (1, 0), (2, 100_000)], jobs=2, title="tasks")
    assert next(results)[0] == 0
    assert descendants() > before
    results.close()
    assert descendants() <= before


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_of_a_task_comes_through(jobs):
    with pytest.raises(EventsError, match=r"^sample 3: not good$"):
        run(fail, [(number,) for number in range(8)], jobs)


def test_a_task_that_raises_is_not_tried_again(tmp_path):
    with pytest.raises(ValueError, match="once"):
        run(count_and_fail, [(str(tmp_path),)] * 2, 2)
    assert len(list(tmp_path.iterdir())) <= 2


def test_a_task_is_done_again_when_its_worker_dies_and_no_child_is_left(tmp_path):
    for name in ("dying", "living"):
        (tmp_path / name).mkdir()
    tasks = [(str(tmp_path / "dying"), ATTEMPTS - 1), (str(tmp_path / "living"), 0)]
    assert run(die_with_a_child, tasks) == ["dying", "living"]
    children = [int(path.read_text()) for path in (tmp_path / "dying").iterdir()]
    assert len(children) == ATTEMPTS
    for child in children:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(child).wait(30)


def test_a_task_that_kills_its_workers_is_given_up(tmp_path):
    (tmp_path / "dying").mkdir()
    tasks = [(str(tmp_path / "dying"), 1000)] * 2
    with pytest.raises(ResultError, match=f"{ATTEMPTS} workers died under one task"):
        run(die_with_a_child, tasks)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("localhost", "cluster = 'localhost': expected tcp://HOST:PORT"),
        ("tcp://127.0.0.1:1", "cluster = 'tcp://127.0.0.1:1': no scheduler answers there"),
    ],
)
def test_an_address_without_a_scheduler_is_told(address, words, monkeypatch):
    monkeypatch.setattr("tickless.sw.dask_workers.CONNECT_SECONDS", 0.2)
    with pytest.raises(InputError, match=words):
        run(fail, [(0,)], cluster=address)


def test_a_cluster_without_workers_is_told(monkeypatch):
    monkeypatch.setattr("tickless.sw.dask_workers.CONNECT_SECONDS", 0.2)
    with (
        closing(LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0")) as cluster,
        pytest.raises(InputError, match="the scheduler has no workers"),
    ):
        run(fail, [(0,)], cluster=cluster.scheduler_address)


def test_workers_of_another_version_are_told(scheduler, monkeypatch):
    ours = metadata.version("tickless")
    monkeypatch.setattr(metadata, "version", lambda name: "9.9")
    expected = f"its worker .* has tickless {re.escape(ours)}: expected tickless 9.9"
    with pytest.raises(InputError, match=expected):
        run(fail, [(0,)], cluster=scheduler)


@pytest.mark.parametrize(
    ("lost", "words"),
    [("scheduler", "the cluster is gone"), ("workers", "the cluster has no workers any more")],
)
def test_a_cluster_that_goes_away_is_told(lost, words, monkeypatch):
    monkeypatch.setattr("tickless.sw.workers.WORKERLESS_SECONDS", 1)
    with closing(LocalCluster(1, 1, dashboard_address="127.0.0.1:0", memory_limit=0)) as cluster:
        tasks = [(0, 0), (1, 1_000_000)]
        results = run_tasks(worked, tasks, jobs=1, cluster=cluster.scheduler_address, title="tasks")
        next(results)
        if lost == "scheduler":
            cluster.close()
        else:
            cluster.scale(0)
        with pytest.raises(ResultError, match=words):
            next(results)


def test_a_script_without_a_main_guard_ends(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from tickless.sw import dask_workers, workers\n"
        "dask_workers.START_SECONDS = 2\n"
        "list(workers.run_tasks(abs, [(1,), (2,)], jobs=2, title='tasks'))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "put the script's work under if __name__ == '__main__':" in done.stderr


INTERRUPTED = """
import time
from tickless.sw.workers import run_tasks
for _ in run_tasks(time.sleep, [(0,), (0,), (1000,), (1000,)], jobs=2, title="tasks"):
    print("first", flush=True)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running_by_who_is_interrupted_or_killed(ending):
    # Of a session of its own, so that the signal can go to the whole group as from a terminal.
    command = [sys.executable, "-c", INTERRUPTED]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    if ending == signal.SIGINT:
        os.killpg(process.pid, ending)
    else:
        process.kill()
    _, errors = process.communicate(timeout=60)
    assert errors.count("Traceback") == (ending == signal.SIGINT)
    assert not psutil.wait_procs(workers, timeout=60)[1]


def test_workers_can_be_had_again_and_again():
    script = (
        "from tickless.sw.workers import run_tasks\n"
        "for _ in range(2):\n"
        "    assert list(run_tasks(abs, [(-1,), (2,)], jobs=2, title='tasks')) == [1, 2]\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_dask_is_imported_on_use():
    script = (
        "import sys; from tickless.sw.workers import run_tasks; "
        "assert list(run_tasks(abs, [(-1,), (2,)], jobs=1, title='tasks')) == [1, 2]; "
        "assert not {'dask', 'distributed', 'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
