import sys

import pytest

from tickless.gen.fpga import tools


def test_a_tool_that_fails_is_named(tmp_path):
    with pytest.raises(tools.ToolError, match=r"yosys failed in .*:\n(.*\n)*.*nothing\.v"):
        tools.run(tmp_path, "yosys", "-q", "-p", "read_verilog nothing.v")


def test_a_missing_tool_is_named_with_what_to_do(tmp_path):
    with pytest.raises(tools.ToolError, match=r"no yowasp-nothing beside .* run `make env`"):
        tools.run(tmp_path, "nothing")
    with pytest.raises(tools.ToolError, match="no nothing on PATH: install it, or leave out"):
        tools.run(tmp_path, "nothing", system=True)


def test_a_tool_of_the_system_is_that_on_path(tmp_path, monkeypatch):
    tool = _script(tmp_path, "yosys", "print('Yosys 0.1+2 (of somebody)')")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.find("yosys", system=True) == str(tool)
    assert tools.version("yosys", system=True) == "Yosys 0.1+2"
    assert tools.find("yosys") != str(tool)


def test_a_tool_of_the_system_may_have_all_families_in_one(tmp_path, monkeypatch):
    tool = _script(tmp_path, "nextpnr-himbaechel", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.find("nextpnr-himbaechel-gowin", system=True) == str(tool)


def test_a_packaged_tool_may_lack_the_prefix_but_lies_beside_python(tmp_path, monkeypatch):
    other = _script(tmp_path, "gowin_pack", "")
    _script(tmp_path, "nothing", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.find("gowin_pack") != str(other)
    with pytest.raises(tools.ToolError, match="no yowasp-nothing"):
        tools.find("nothing")


def test_versions_of_the_packages():
    assert tools.version("yosys").startswith("Yosys 0.")
    assert tools.version("nextpnr-himbaechel-gowin").startswith("nextpnr-0.")
    assert tools.version("nextpnr-ice40").startswith("nextpnr-0.")


@pytest.mark.parametrize(
    ("script", "crashed"),
    [
        ("import os; os.abort()", True),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", True),
        ("print('wasm trap: out of bounds memory access'); exit(1)", True),
        ("print('ERROR: no'); exit(1)", False),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", False),
    ],
)
def test_a_tool_that_breaks_down_is_told_from_one_that_fails(
    tmp_path, monkeypatch, script, crashed
):
    _script(tmp_path, "tool", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tools.ToolError, match=r"tool failed in ") as error:
        tools.run(tmp_path, "tool", system=True)
    assert isinstance(error.value, tools.ToolCrashError) == crashed


def test_a_long_run_is_watched_and_ends_with_its_watcher(tmp_path, monkeypatch):
    _script(tmp_path, "sleeper", "import time; open('begun', 'w'); time.sleep(60)")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "POLL_SECONDS", 0.01)

    def stop():
        if (tmp_path / "begun").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tools.run(tmp_path, "sleeper", system=True, waiting=stop)


def _script(folder, name, text):
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path
