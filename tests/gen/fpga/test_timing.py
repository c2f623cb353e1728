import pytest

from tests.gen.fpga.reports import FULL_LOG, PATH, REPORT
from tickless.gen.fpga.timing import (
    Clock,
    clocks,
    component_names,
    critical_path,
    short_resources,
)

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


def test_the_clock_that_reaches_the_least_of_its_frequency_counts():
    figures = {"achieved": 80.0, "constraint": 99.9996}
    report = {"fmax": {"a": figures, "b": {"achieved": 25.5, "constraint": 24.0015}}}
    assert [clock.name for clock in clocks(report, 24_000_000, ())] == ["b", "a"]
    slowest, other = clocks(report, 24_000_000, (100_000_000,))
    assert slowest == Clock("a", 80_000_000, 100_000_000)
    assert slowest.share == 0.8
    assert other == Clock("b", 25_500_000, 24_000_000)


def test_a_missing_clock_is_told():
    with pytest.raises(ValueError, match="no clock: expected one"):
        clocks({"fmax": {}}, 24_000_000, ())
    with pytest.raises(ValueError, match="no clock: expected one of 125 MHz"):
        clocks(REPORT, 24_000_000, (125_000_000,))


def test_the_path_is_that_of_the_clock():
    other = {"from": "posedge other", "to": "posedge other", "path": PATH[:1]}
    report = {"critical_paths": [*REPORT["critical_paths"], other]}
    path = critical_path(report, COMPONENTS, "other")
    assert path is not None
    assert path.logic_ns == 1.25
    assert critical_path(report, COMPONENTS) == critical_path(REPORT, COMPONENTS, "clk")


def test_resources_that_are_short():
    assert short_resources(FULL_LOG) == {"ICESTORM_LC": (6627, 5280), "ICESTORM_RAM": (51, 30)}
    assert short_resources("Info: \t         ICESTORM_LC:    5280/   5280   100%\n") == {}
