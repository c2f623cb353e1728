import os

import pytest
import torch

from tickless.errors import InputError
from tickless.sw.study.runs import side_by_side, store, stored
from tickless.sw.training.settings import Settings


def half(number, other):
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2, other, os.getpid(), torch.get_num_threads()


def test_results_come_in_the_order_of_the_arguments():
    before = dict(os.environ)
    found = side_by_side(half, [(number, "x") for number in (8, 2, 6, 4)], 2, "halves")
    assert [each[:2] for each in found] == [(4, "x"), (1, "x"), (3, "x"), (2, "x")]
    assert all(pid != os.getpid() and threads == 1 for *_, pid, threads in found)
    assert dict(os.environ) == before


@pytest.mark.parametrize(("jobs", "arguments"), [(1, [(2, 0), (4, 0)]), (5, [(2, 0)]), (3, [])])
def test_one_at_a_time_is_done_here(jobs, arguments):
    found = side_by_side(half, arguments, jobs, "halves")
    assert [pid for _, _, pid, _ in found] == [os.getpid()] * len(arguments)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_failure_ends_all(jobs):
    with pytest.raises(ValueError, match="3 is odd"):
        side_by_side(half, [(2, 0), (3, 0), (4, 0)], jobs, "halves")


def test_a_damaged_result_is_told(tmp_path):
    path = tmp_path / "run.json"
    store(path, Settings(), "part", Settings())
    assert stored(path, Settings(), "part") is not None
    assert stored(path, Settings(seed=2), "part") is None
    path.write_text(path.read_text()[:100])
    with pytest.raises(InputError, match=r"run\.json: not a run's result: delete it"):
        stored(path, Settings(), "part")
