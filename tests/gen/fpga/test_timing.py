import pytest

from tests.gen.fpga.reports import FULL_LOG, REPORT
from tickless.gen.fpga.timing import component_names, critical_path, reached_hz, short_resources

COMPONENTS = [
    "system",
    "system.design",
    "system.design.core_0",
    "system.design.core_0.bank_1",
    "system.design.core_0.bank_11",
]


def test_delay_of_the_critical_path_by_component():
    path = critical_path(REPORT, COMPONENTS)
    assert path is not None
    assert (path.start, path.end) == ("system.design.core_0.bank_1", "")
    assert (path.logic_ns, path.routing_ns) == (3.0, 5.0)
    assert path.delay_ns == {
        "system.design.core_0.bank_1": 4.25,
        "system.design.core_0": 3.0,
        "": 0.75,
    }
    assert path.slowest == next(iter(path.delay_ns)) == "system.design.core_0.bank_1"


def test_names_of_components_are_those_of_the_netlist():
    text = "module \\top\nmodule \\top.core\nmodule \\top.core.counters$74\nwire \\top.x\n"
    assert component_names(text, "top") == ["core", "core.counters"]


def test_a_design_without_a_path_between_registers():
    assert critical_path({"critical_paths": REPORT["critical_paths"][1:]}, COMPONENTS) is None


def test_the_slowest_clock_counts():
    clocks = {"a": {"achieved": 80.0}, "b": {"achieved": 25.5}}
    assert reached_hz({"fmax": clocks}) == 25_500_000
    with pytest.raises(ValueError, match="no clock"):
        reached_hz({"fmax": {}})


def test_resources_that_are_short():
    assert short_resources(FULL_LOG) == {"ICESTORM_LC": (6627, 5280), "ICESTORM_RAM": (51, 30)}
    assert short_resources("Info: \t         ICESTORM_LC:    5280/   5280   100%\n") == {}
