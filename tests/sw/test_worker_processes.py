"""Tests of the process that workers are forked from."""

import subprocess
import sys

ASKED = """
import sys

def imported(name):
    return name in sys.modules
"""

SCRIPT = """
from asked import imported
from tickless.sw.worker_processes import start_ahead
from tickless.sw.workers import run_tasks

if __name__ == "__main__":
    start_ahead(["colorsys"])
    print(*run_tasks(imported, [("colorsys",), ("chunk_of_nothing",)], jobs=2, title="asked"))
"""


def test_workers_have_what_was_imported_ahead_of_them(tmp_path):
    (tmp_path / "asked.py").write_text(ASKED)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ran = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=600, check=True
    )
    assert ran.stdout.split() == ["True", "False"]
