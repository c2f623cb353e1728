import pytest

from tickless.errors import InputError
from tickless.sw.study.runs import store, stored
from tickless.sw.training.settings import Settings


def test_a_damaged_result_is_told(tmp_path):
    path = tmp_path / "run.json"
    store(path, Settings(), "part", Settings())
    assert stored(path, Settings(), "part") is not None
    assert stored(path, Settings(seed=2), "part") is None
    path.write_text(path.read_text()[:100])
    with pytest.raises(InputError, match=r"run\.json: not a run's result: delete it"):
        stored(path, Settings(), "part")
