"""Errors of a build: what is missing or wrong, in words that help."""

import pytest

from tickless.sim import build as module
from tickless.sim.build import SimulatorBuildError, build


@pytest.fixture(autouse=True)
def build_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BUILD_FOLDER", tmp_path)


def test_shows_what_verilator_says():
    with pytest.raises(SimulatorBuildError, match=r"see .*build\.log:\n.*%Error.*syntax error"):
        build("module bench(input clk; endmodule")
