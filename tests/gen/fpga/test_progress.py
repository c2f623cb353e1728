from tickless.gen.fpga.progress import stage


def test_stages_of_the_logs(tmp_path):
    log = tmp_path / "top.tim"
    assert stage(None) == stage(log) == ""
    log.write_text("Info: constraining clock net 'clk' to 12.00 MHz\n")
    assert stage(log) == ""
    log.write_text(
        "Info: Packing constants..\n"
        "Info: Running main analytical placer, max placement attempts per cell = 10000.\n"
        "Info:     at iteration #1, type ICESTORM_LC: wirelen solved = 113\n"
    )
    assert stage(log) == "Running main analytical placer"
    log.write_text("3.2. Executing PROC pass\n3.2.1. Executing PROC_CLEAN pass (remove empty)\n")
    assert stage(log) == "PROC_CLEAN"
