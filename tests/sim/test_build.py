"""Builds: what is wrong, in words that help; a simulator is built once for what it follows from."""

from functools import partial

import pytest

from tests.sim.stubs import Stub
from tickless.sim import build as module
from tickless.sim.bench import Bench
from tickless.sim.build import SimulatorBuildError, build


class Written:
    """Bench of given Verilog, which counts how often it is generated."""

    generated = 0

    def __init__(self, text, definition=None):
        self.text, self.definition = text, definition

    def verilog(self):
        self.generated += 1
        return self.text


@pytest.fixture(autouse=True)
def build_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BUILD_FOLDER", tmp_path)


def test_shows_what_verilator_says():
    with pytest.raises(SimulatorBuildError, match=r"see .*build\.log:\n.*%Error.*syntax error"):
        build(Written("module bench(input clk; endmodule"))


@pytest.fixture
def compiled(monkeypatch):
    """Number of simulators that were compiled; nothing really is."""
    targets = []
    monkeypatch.setattr(
        module, "_build", lambda source, natives, target, *rest: targets.append(target)
    )
    return targets


def test_one_definition_is_generated_once(compiled):
    bench = Written("module bench; endmodule", "a network in a folding")
    first = build(bench, optimize=False)
    again = Written(bench.text, bench.definition)
    assert build(again, optimize=False).build_dir == first.build_dir == compiled[0]
    assert (bench.generated, again.generated, len(compiled)) == (1, 0, 1)


@pytest.mark.parametrize("change", ["definition", "optimize", "waves", "source", "tools"])
def test_whatever_it_follows_from_makes_another_one(compiled, monkeypatch, change):
    def key(definition="a", **options):
        bench = Written("module bench; endmodule", definition)
        build(bench, **options)
        return bench.generated

    assert [key(), key()] == [1, 0]
    if change == "source":
        monkeypatch.setattr("tickless.sim.build_keys.source_key", lambda _: "other sources")
    if change == "tools":
        monkeypatch.setattr("tickless.sim.build_keys.version", lambda name: "99")
    changed = {
        "definition": {"definition": "b"},
        "optimize": {"optimize": False},
        "waves": {"waves": True},
    }
    assert key(**changed.get(change, {})) == 1


def test_equal_verilog_is_compiled_once(compiled):
    texts = ["a", "b", None]
    for text in texts:
        build(Written("module bench; endmodule", text))
    assert len(compiled) == 1


def test_a_simulator_that_was_deleted_is_built_again(compiled):
    bench = Written("module bench; endmodule", "a")
    target = build(bench).build_dir
    (target / "complete").unlink()
    build(bench)
    assert len(compiled) == 2


def test_every_simulator_shares_what_is_the_same_in_all(build_folder, monkeypatch):
    def compile_all(source, natives, target, *rest):
        compiled.append([path.name for path in target.glob("*.o")])
        for path in natives:
            (target / path.with_suffix(".o").name).touch()
        (target / "verilated.o").touch()
        (target / "Vtop.o").touch()

    compiled = []
    monkeypatch.setattr(module, "_build", compile_all)
    for text in ("a", "b"):
        build(Written(text))
    parts = {path.with_suffix(".o").name for path in module.NATIVE.glob("*.cpp")}
    assert compiled[0] == []
    assert set(compiled[1]) == parts | {"verilated.o"}


def test_a_definition_without_content_is_refused():
    with pytest.raises(ValueError, match="is no value"):
        build(Written("", repr(object())))


def test_a_bench_of_unknown_designs_has_no_definition():
    assert Bench([partial(Stub, "none")]).definition is None
