"""Long runs of Yosys and nextpnr, watched: how far they are is in their logs."""

import re
from collections.abc import Sequence
from pathlib import Path

from tickless.gen.fpga import tools
from tickless.progress import stage

__all__ = ["last_step", "run"]

STEP = re.compile(
    r"^(?:[\d.]+ Executing (?P<yosys>\w+) pass|Info: (?P<nextpnr>(?:Packing|Promoting|Creating "
    r"initial|Running \w+ \w+|Routing|Router\d) ?[\w ]*))",
    re.MULTILINE,
)
"""Lines of the logs that tell how far a tool is."""


def run(folder: Path, command: Sequence[str], system_tools: bool) -> None:
    """Run a tool in a folder, and show how far it is; errors as of `gen.fpga.tools.run`."""
    tool, *arguments = command
    log = next((folder / name for name in arguments if name.endswith((".tim", ".rpt"))), None)
    text = tool
    if log is not None:
        log.unlink(missing_ok=True)
        text = f"{tool}, log in {log}"
    with stage(text) as now_at:
        tools.run(
            folder,
            tool,
            *arguments,
            system=system_tools,
            waiting=lambda: now_at(last_step(log)),
        )


def last_step(log: Path | None) -> str:
    """What a tool's log says last of how far it is; "" if it says nothing, or there is none."""
    if log is None or not log.exists():
        return ""
    found = list(STEP.finditer(log.read_text(errors="replace")[-20_000:]))
    return found[-1].group(found[-1].lastgroup or 0) if found else ""
