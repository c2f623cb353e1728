"""Long runs of Yosys and nextpnr, which show how far they are."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from tickless.gen.fpga import tools

__all__ = ["run", "stage"]

STAGE = re.compile(
    r"^(?:[\d.]+ Executing (?P<yosys>\w+) pass|Info: (?P<nextpnr>(?:Packing|Promoting|Creating "
    r"initial|Running \w+ \w+|Routing|Router\d) ?[\w ]*))",
    re.MULTILINE,
)
"""Lines of the logs that tell how far a tool is."""


def run(folder: Path, command: Sequence[str], system_tools: bool) -> None:
    """Run a tool in a folder, and show how far it is; errors as of `gen.fpga.tools.run`."""
    tool, *arguments = command
    log = next((folder / name for name in arguments if name.endswith((".tim", ".rpt"))), None)
    if log is not None:
        log.unlink(missing_ok=True)
        print(f"{tool}: log in {log}", file=sys.stderr, flush=True)
    # A live line on a terminal alone: elsewhere the log tells more.
    with tqdm(desc=tool, bar_format="{desc:14} {elapsed} {postfix}", disable=None) as progress:
        tools.run(
            folder,
            tool,
            *arguments,
            system=system_tools,
            waiting=lambda: progress.set_postfix_str(stage(log)),
        )
        progress.set_postfix_str("done")


def stage(log: Path | None) -> str:
    """What a tool's log says last of how far it is; "" if it says nothing, or there is none."""
    if log is None or not log.exists():
        return ""
    found = list(STAGE.finditer(log.read_text(errors="replace")[-20_000:]))
    return found[-1].group(found[-1].lastgroup or 0) if found else ""
