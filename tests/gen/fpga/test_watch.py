from tickless import progress
from tickless.gen.fpga import tools, watch
from tickless.gen.fpga.watch import last_step


def test_the_logs_tell_the_step(tmp_path):
    log = tmp_path / "top.tim"
    assert last_step(None) == last_step(log) == ""
    log.write_text("Info: constraining clock net 'clk' to 12.00 MHz\n")
    assert last_step(log) == ""
    log.write_text(
        "Info: Packing constants..\n"
        "Info: Running main analytical placer, max placement attempts per cell = 10000.\n"
        "Info:     at iteration #1, type ICESTORM_LC: wirelen solved = 113\n"
    )
    assert last_step(log) == "Running main analytical placer"
    log.write_text("3.2. Executing PROC pass\n3.2.1. Executing PROC_CLEAN pass (remove empty)\n")
    assert last_step(log) == "PROC_CLEAN"


def test_a_run_is_a_stage_that_names_its_log(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "_shown", True)
    monkeypatch.setattr(tools, "run", lambda *arguments, **options: options["waiting"]())
    watch.run(tmp_path, ["yosys", "-q", "-l", "top.rpt"], False)
    assert capsys.readouterr().err == f"yosys, log in {tmp_path}/top.rpt ... 0.0 s\n"
