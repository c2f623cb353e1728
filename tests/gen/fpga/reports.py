"""Tools that write what Yosys and nextpnr once wrote, in their place."""

import json
from pathlib import Path

from tickless.gen.fpga import tools

__all__ = ["FULL_LOG", "PATH", "REPORT", "StubTools"]

BANK, SUM, TOP = (
    "system.design.core_0.bank_1.word_SB_DFF_Q",
    "system.design.core_0.sum_SB_LUT4_O_LC",
    "ready_SB_DFF_Q_D_SB_LUT4_O_LC",
)

PATH = [
    {"type": kind, "delay": delay, "from": {"cell": before}, "to": {"cell": after}}
    for kind, delay, before, after in (
        ("clk-to-q", 1.25, BANK, BANK),
        ("routing", 3.0, BANK, SUM),
        ("logic", 1.0, SUM, SUM),
        ("routing", 2.0, SUM, TOP),
        ("setup", 0.75, TOP, TOP),
    )
]

REPORT = {
    "critical_paths": [
        {"from": "posedge clk", "to": "posedge clk", "path": PATH},
        {"from": "<async>", "to": "posedge clk", "path": [{**PATH[0], "delay": 99.0}]},
    ],
    "fmax": {"clk": {"achieved": 25.5, "constraint": 24.0015}},
    "utilization": {
        "ICESTORM_LC": {"available": 5280, "used": 4000},
        "ICESTORM_RAM": {"available": 30, "used": 12},
        "ICESTORM_SPRAM": {"available": 4, "used": 1},
    },
}
"""Report of nextpnr: a path that leads from a bank by its core to the top."""

FULL_LOG = """\
Info: Device utilisation:
Info: \t         ICESTORM_LC:    6627/   5280   125%
Info: \t        ICESTORM_RAM:      51/     30   170%
Info: \t               SB_IO:       5/     39    12%

Info: Placed 8 cells based on constraints.
ERROR: Unable to place cell 'memory', no BELs remaining to implement cell type 'ICESTORM_RAM'
"""
"""End of nextpnr's log where a design does not fit."""

NETLIST = {"design": {"num_cells_by_type": {"SB_LUT4": 3500, "SB_DFF": 900, "SB_DFFSR": 100}}}


class StubTools:
    """Stands in for `gen.fpga.tools`.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
        Puts it in place.
    *reports : dict or None
        Reports that nextpnr writes, one each time, None where it breaks down; at last always the
        last one.
    failing : str, optional
        Tool that fails, with the log `FULL_LOG` if it is nextpnr.

    Members
    -------
    ran : list of str
        Tools that were run.
    seeds : list of int
        Seeds that nextpnr got.
    """

    def __init__(self, monkeypatch, *reports, failing=None):
        self.ran, self.seeds = [], []
        self._reports, self._failing = list(reports or [REPORT]), failing
        monkeypatch.setattr(tools, "find", lambda tool, system=False: tool)
        monkeypatch.setattr(tools, "version", lambda tool, system=False: f"{tool} 1.0")
        monkeypatch.setattr(tools, "run", self._run)

    def _run(self, folder: Path, tool, *arguments, system=False, waiting=None):
        self.ran.append(tool)
        if tool == "yosys":
            (folder / "netlist.json").write_text(json.dumps(NETLIST))
        elif tool.startswith("nextpnr"):
            (folder / "top.tim").write_text(FULL_LOG)
            self.seeds.append(int(arguments[arguments.index("--seed") + 1]))
            report = self._reports.pop(0) if len(self._reports) > 1 else self._reports[0]
            if report is None:
                raise tools.ToolCrashError(f"{tool} failed in {folder}:\nwasm trap: no luck")
            (folder / "report.json").write_text(json.dumps(report))
        else:
            [product] = [name for name in arguments if name.endswith((".bit", ".bin", ".fs"))]
            (folder / product).write_bytes(b"bits")
        if waiting is not None:
            waiting()
        if tool == self._failing:
            raise tools.ToolError(f"{tool} failed in {folder}:\nERROR: no luck")
